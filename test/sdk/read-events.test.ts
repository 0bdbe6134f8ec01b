import { createEventReader } from "../../src/sdk/read-events";

/** What is read of the text when it arrives in two pieces, cut at this place. */
function readCutAt(text: string, place: number) {
  const read = createEventReader();
  return [...read(text.slice(0, place)), ...read(text.slice(place))];
}

test.each([
  ["a line feed", "\n"],
  ["a carriage return and a line feed", "\r\n"],
])("reads events wherever the text is cut, with lines that end in %s", (_what, end) => {
  const lines = [
    "event: next",
    'data: {"a":',
    "data: 1}",
    "",
    ": ping",
    "",
    "event:complete",
    "data",
    "",
    "",
  ];
  const text = lines.join(end);
  for (let place = 0; place <= text.length; place += 1) {
    expect(readCutAt(text, place)).toEqual([
      { event: "next", data: '{"a":\n1}' },
      { event: "complete", data: "" },
    ]);
  }
});

test("an event that the end breaks off is none, and neither is one without data", () => {
  expect(createEventReader()("event: next\ndata: 1\n")).toEqual([]);
  expect(createEventReader()("event: next\n\ndata: 1\n\n")).toEqual([
    { event: "message", data: "1" },
  ]);
});

test("a value keeps its colons, and all its spaces but the first", () => {
  expect(createEventReader()("data:  a: b\nid: 7\nretry: 1\n\n")).toEqual([
    { event: "message", data: " a: b" },
  ]);
});

test("lines may end with a carriage return alone", () => {
  expect(createEventReader()("data: 1\r\rdata: 2\r\r\n")).toEqual([
    { event: "message", data: "1" },
    { event: "message", data: "2" },
  ]);
});

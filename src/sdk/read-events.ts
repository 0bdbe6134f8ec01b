/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Takes a piece of the text, however it was cut, and gives the events that it completes. */
export type EventReader = (piece: string) => readonly ServerSentEvent[];

/** Reads server-sent events as the HTML standard describes them. An event that the text breaks off is none. */
export function createEventReader(): EventReader {
  let rest = "";
  let event = "";
  let data: string[] = [];
  const readLine = (line: string): ServerSentEvent | undefined => {
    if (line === "") {
      const read =
        data.length > 0 ? { event: event || "message", data: data.join("\n") } : undefined;
      event = "";
      data = [];
      return read;
    }
    // A line that begins with a colon is a comment, which keeps the connection from falling silent.
    const [, name, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === "event") event = value;
    if (name === "data") data.push(value);
    return undefined;
  };
  return (piece) => {
    rest += piece;
    // A carriage return that ends the piece may be half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    return lines.map(readLine).filter((read) => read !== undefined);
  };
}

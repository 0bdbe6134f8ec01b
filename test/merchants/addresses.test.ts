import { addressTest, areWithin, normalRange } from "../../src/merchants/addresses";

test.each([
  ["203.0.113.7", "203.0.113.7/32"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:DB8::1", "2001:db8::1/128"],
  ["2001:db8:0:0::ffff/32", "2001:db8::/32"],
  ["::ffff:10.1.2.3", "10.1.2.3/32"],
  ["::ffff:10.1.2.3/104", "10.0.0.0/8"],
  ["::ffff:0:0/90", "::ffc0:0:0/90"],
])("%s is the range %s", (text, range) => {
  expect(normalRange(text)).toBe(range);
  // What is stored reads as itself.
  expect(normalRange(range)).toBe(range);
});

test.each([
  "",
  "shop.example",
  "10.0.0",
  "10.0.0.256",
  "010.0.0.1",
  "0x7f.0.0.1",
  "2130706433",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "10.0.0.0/ 8",
  "10.0.0.0/",
  " 10.0.0.1",
  "2001:db8::/129",
  "fe80::1%eth0",
  "::ffff:10.0.0.1.2",
])("%j is no range of addresses", (text) => {
  expect(normalRange(text)).toBeUndefined();
});

test("an address is in a range however it is written, and in none when it is none", () => {
  const allows = addressTest(["10.0.0.0/8", "2001:db8::/32"]);
  for (const address of ["10.255.0.1", "::ffff:10.1.1.1", "::ffff:a01:101", "2001:DB8:0::9"]) {
    expect([address, allows(address)]).toEqual([address, true]);
  }
  for (const address of ["11.0.0.1", "2001:db9::1", "::a01:101", "::1", "", "localhost"]) {
    expect([address, allows(address)]).toEqual([address, false]);
  }
  expect(addressTest([])("anything")).toBe(true);
});

test("ranges are within others when all of their addresses are", () => {
  expect(areWithin(["10.1.0.0/16", "10.2.3.4/32"], ["10.0.0.0/8"])).toBe(true);
  expect(areWithin(["10.0.0.0/8"], ["10.0.0.0/8"])).toBe(true);
  expect(areWithin(["10.0.0.0/7"], ["10.0.0.0/8"])).toBe(false);
  expect(areWithin(["10.1.0.0/16", "11.0.0.0/32"], ["10.0.0.0/8"])).toBe(false);
  expect(areWithin(["::/0"], ["0.0.0.0/0"])).toBe(false);
  expect(areWithin([], ["0.0.0.0/0"])).toBe(false);
  expect(areWithin(["0.0.0.0/0"], [])).toBe(true);
  expect(areWithin([], [])).toBe(true);
});

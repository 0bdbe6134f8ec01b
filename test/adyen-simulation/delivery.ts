import type { Notification } from "./bank";

/** As Adyen may deliver: each item twice, in an order of no meaning that is the same in every run, several to a request. */
export function deliveries(
  items: readonly Notification[],
  { inOneRequest = 3, seed = 7 } = {},
): readonly (readonly Notification[])[] {
  let state = seed;
  const next = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  const shuffled = [...items, ...items]
    .map((item) => ({ item, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
  const requests = Math.ceil(shuffled.length / inOneRequest);
  return Array.from({ length: requests }, (_none, index) =>
    shuffled.slice(index * inOneRequest, (index + 1) * inOneRequest),
  );
}

import type * as executor from "../../schema/execution/execute-compiled";
import type * as both from "../support/execute-by-both";

/** See test/support/execute-by-both.ts, which is loaded only where there is an API. */
let differences: readonly unknown[] = [];

jest.mock("../../schema/execution/execute-compiled", () => {
  const actual = jest.requireActual<typeof executor>("../../schema/execution/execute-compiled");
  const { createByBoth, differences: found } = jest.requireActual<typeof both>(
    "../support/execute-by-both",
  );
  differences = found;
  return { ...actual, createExecutor: createByBoth(actual.createExecutor) };
});

afterAll(() => {
  expect(differences).toEqual([]);
});

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { MUTATIONS, QUERIES, SUBSCRIPTIONS } from "../../src/sdk/documents";
import { SHOPPER_DOCUMENTS } from "../../src/sdk/checkout/shopper-documents";
import { prettier } from "./print-types";

/*
 * The checkout asks for exactly what the whole client asks for, because an API that takes trusted documents only knows
 * those; but it must not load all the others. So its texts are printed.
 */

test("the printed documents of the checkout are fresh", () => {
  const file = path.resolve(__dirname, "../../src/sdk/checkout/shopper-documents.ts");
  const { confirmPaymentIntent } = MUTATIONS;
  const { paymentIntent } = QUERIES;
  const { paymentIntentUpdated } = SUBSCRIPTIONS;
  const documents = { confirmPaymentIntent, paymentIntent, paymentIntentUpdated };
  const text = `// Printed from ../documents.ts; a test fails when it is stale.
    export const SHOPPER_DOCUMENTS = ${JSON.stringify(documents)};`;
  const printed = prettier(text);
  if (process.env["REFRESH"] === "1") writeFileSync(file, printed);
  expect(readFileSync(file, "utf8")).toBe(printed);
  if (process.env["REFRESH"] !== "1") expect(SHOPPER_DOCUMENTS).toEqual(documents);
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, createGenerator } from "ts-json-schema-generator";
import { PARAM_TYPES, SCHEMAS_FILE, readParams } from "./params";

const RESOURCES = join(__dirname, "../../node_modules/stripe/cjs/resources");

function generate(): string {
  const schemas = Object.entries(PARAM_TYPES).flatMap(([file, types]) => {
    const config: Config = {
      path: join(RESOURCES, `${file}.d.ts`),
      skipTypeCheck: true,
      expose: "none",
      topRef: false,
      additionalProperties: false,
      jsDoc: "none",
    };
    const generator = createGenerator(config);
    return types.map((type) => [type, generator.createSchema(type)] as const);
  });
  return `${JSON.stringify(Object.fromEntries(schemas))}\n`;
}

test("the schemas of requests are those of the package's types", () => {
  const fresh = generate();
  if (process.env["REFRESH"]) writeFileSync(SCHEMAS_FILE, fresh);
  // As a sentence, and not as a difference of a hundred kilobytes.
  const isFresh = readFileSync(SCHEMAS_FILE, "utf8") === fresh;
  expect(isFresh ? "fresh" : "stale: REFRESH=1 npx jest test/stripe-simulation").toBe("fresh");
});

test.each([
  ["amount=1&currency=usd&capture_methods=manual", "capture_methods"],
  ["amount=many&currency=usd", "/amount"],
  ["amount=1", "currency"],
  ["amount=1&currency=usd&payment_method_options[card][multi]=x", "multi"],
  ["amount=1&currency=usd&allowed_payment_method_types=card", "/allowed_payment_method_types"],
])("a request with %s is refused", (form, because) => {
  expect(readParams("PaymentIntentCreateParams", form)).toContain(because);
});

test("a request is read as it was made", () => {
  const form = "amount=7&currency=usd&confirm=false&expand[0]=a&expand[1]=b.c&metadata[x]=1";
  expect(readParams("PaymentIntentCreateParams", form)).toEqual({
    amount: 7,
    currency: "usd",
    confirm: false,
    expand: ["a", "b.c"],
    metadata: { x: "1" },
  });
});

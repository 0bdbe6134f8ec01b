import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Client } from "pg";
import { dumpSchema } from "../checks/dump-schema";
import { createTestDatabase } from "../support/database";

const FILE = path.resolve(__dirname, "../../migrations/schema.sql");

// "npm run generate" runs this very test, told to write the file rather than to compare it.
const REFRESH = process.env["REFRESH"] === "1";

it("migrations/schema.sql is what the migrations make; refresh it with npm run generate", async () => {
  const database = await createTestDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const schema = await dumpSchema(client);
  await client.end();
  await database.drop();
  if (REFRESH) writeFileSync(FILE, schema);
  expect(readFileSync(FILE, "utf8")).toBe(schema);
});

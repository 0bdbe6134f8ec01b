import { migrate } from "./migrate";

async function main(): Promise<void> {
  const databaseUrl = process.env["DATABASE_URL"];
  if (!databaseUrl) throw new Error("DATABASE_URL is not set.");
  await migrate({ databaseUrl, log: (line) => console.log(line) });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

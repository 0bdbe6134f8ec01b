import { Pool } from "undici";
import { type AssaultPlan, CONNECTIONS, requestOf } from "./assault";

/*
 * The attacker, in a process of its own: what it does must not delay the one that measures. It goes on until its
 * standard input closes, and then says what it was answered.
 */
async function main(): Promise<void> {
  const plan = JSON.parse(process.argv[2] ?? "") as AssaultPlan;
  const { origin, pathname } = new URL(plan.url);
  const connections = CONNECTIONS[plan.assault];
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const codes: Record<string, number> = {};
  let over = false;
  process.stdin.on("end", () => (over = true)).resume();
  let n = 0;
  const loop = async (): Promise<void> => {
    while (!over) {
      n += 1;
      const { key = plan.key, query, variables } = requestOf(plan, n);
      const code = await pool
        .request({
          path: pathname,
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
          body: JSON.stringify({ query, variables }),
        })
        .then(async ({ body }) => codeOf(await body.text()))
        .catch(() => "NO_ANSWER");
      codes[code] = (codes[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  process.stdout.write(`${JSON.stringify(codes)}\n`);
  await pool.destroy();
}

/** Not parsed: the attacker has better things to do. */
function codeOf(answer: string): string {
  if (answer.startsWith('{"data":{')) return "OK";
  return /"code":"(\w+)"/.exec(answer)?.[1] ?? "OTHER";
}

void main();

import type { Command } from "../command";
import { OPS_HELP, OPS_OPTIONS, askApi, readAll } from "./ask";
import { table } from "./table";

const COUNTED_MAX = 1_000;

/** What the public API says about a merchant's books, and what waits for a person. */
export const verifyOpsCommand: Command = {
  name: "ops verify",
  summary: "says whether a merchant's books balance, and what waits for somebody",
  help: `Says whether debits equal credits in every currency, and counts what waits for a person: attempts whose outcome is
unknown, dead letters, and endpoints that get nothing (at most ${String(COUNTED_MAX)} of each are counted). Fails if the books do not balance.
What the database itself refuses or holds is checked by "oncepay verify".
${OPS_HELP}`,
  options: { ...OPS_OPTIONS },
  run: async (call) => {
    const found = await askApi(call, async (client) => {
      const [balance, unknown, letters, endpoints] = await Promise.all([
        client.trialBalance({}),
        readAll((page) => client.unknownAttempts(page), COUNTED_MAX),
        readAll((page) => client.deadLetters(page), COUNTED_MAX),
        readAll((page) => client.webhookEndpoints(page), COUNTED_MAX),
      ]);
      const idle = endpoints.filter(({ status }) => status !== "ENABLED");
      return {
        balance,
        waiting: {
          unknownAttempts: unknown.length,
          deadLetters: letters.length,
          idleEndpoints: idle.length,
        },
      };
    });
    const { balance, waiting } = found;
    const books = balance.currencies.map(({ currency, debits, credits }) => [
      currency,
      debits,
      credits,
      debits === credits ? "balanced" : "NOT BALANCED",
    ]);
    const counts = [
      ["attempts of unknown outcome", waiting.unknownAttempts],
      ["dead letters", waiting.deadLetters],
      ["endpoints that get nothing", waiting.idleEndpoints],
    ];
    return {
      json: { ...balance, waiting },
      text: `${table(["IN", "DEBITS", "CREDITS", ""], books)}\n${table(["WAITING FOR SOMEBODY", ""], counts)}`,
      exitCode: balance.balanced ? 0 : 1,
    };
  },
};

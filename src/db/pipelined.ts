/*
 * Statements of one transaction in one round trip: each is sent without waiting for the answers to those before it, and
 * the server runs them in this order, each seeing what those before it did.
 *
 * When one fails, Postgres refuses those after it (25P02), and what is thrown is the error of the first. Nothing is on
 * its way any more by then.
 */
export async function pipelined<const Statements extends readonly unknown[]>(
  statements: Statements,
): Promise<{ -readonly [Place in keyof Statements]: Awaited<Statements[Place]> }> {
  const answers = await Promise.allSettled(statements);
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed) throw failed.reason;
  return answers.map((answer) => (answer as PromiseFulfilledResult<unknown>).value) as {
    -readonly [Place in keyof Statements]: Awaited<Statements[Place]>;
  };
}

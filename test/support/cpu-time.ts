/**
 * How many milliseconds of processor time the work took. Unlike the time on the clock, it does not grow when others want
 * the processor too; a bound on it still wants ten times what was measured, because a shared core is a slower one.
 */
export async function cpuMsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

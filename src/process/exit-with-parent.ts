const GRACE_MS = 5_000;

/**
 * Ends this process when the one that started it is gone, however it went: the other end of our standard
 * input is held by the parent alone, and even `kill -9` closes it. Only where ONCEPAY_EXIT_WITH_PARENT says so.
 */
export function exitWithParent(): void {
  process.stdin.on("error", () => undefined);
  process.stdin.once("close", () => {
    // First the orderly way, as for any other stop; but an orphan must not take forever over it.
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    process.kill(process.pid, "SIGTERM");
  });
  process.stdin.resume();
  // An open standard input would keep alive a process that has finished its work.
  if ("unref" in process.stdin) process.stdin.unref();
}

import { fork } from "node:child_process";
import path from "node:path";
import { NODE_FLAGS } from "../../src/dev/programs";

/**
 * A program of the bench in a process of its own, so that its processor time is its own too. It is given
 * tasks, one call each, and answers them.
 */
export interface Helper {
  readonly pid: number;
  call<Result>(task: string, argument: unknown): Promise<Result>;
  stop(): Promise<void>;
}

interface Call {
  readonly id: number;
  readonly task: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export const REGISTER = path.join(__dirname, "../attack/register.js");

export function startHelper(program: string, env: Readonly<Record<string, string>> = {}): Helper {
  const child = fork(path.join(__dirname, program), [], {
    // What is compared with the product has what the product has.
    execArgv: [...NODE_FLAGS, "-r", REGISTER],
    env: { ...process.env, ...env },
    // Ctrl-C in a terminal reaches every process of the group; it is ours to say when helpers end.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  let calls = 0;
  child.on("message", (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  child.once("exit", () => {
    for (const [id, settle] of waiting) settle({ id, error: "the process ended" });
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    call: <Result>(task: string, argument: unknown) =>
      new Promise<Result>((resolve, reject) => {
        calls += 1;
        const call: Call = { id: calls, task, argument };
        waiting.set(call.id, ({ result, error }) => {
          if (error === undefined) resolve(result as Result);
          else reject(new Error(`${program}: ${task}: ${error}`));
        });
        child.send(call);
      }),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}

/** The other side: answers calls, one after the other or at once, until whoever started it is gone. */
export function serveTasks(
  tasks: Readonly<Record<string, (argument: never) => Promise<unknown>>>,
): void {
  const send = (reply: Reply): void => void process.send?.(reply);
  process.on("message", ({ id, task, argument }: Call) => {
    const run = tasks[task] ?? (() => Promise.reject(new Error("there is no such task")));
    run(argument as never).then(
      (result) => send({ id, result }),
      (error: unknown) => send({ id, error: String((error as Error).stack) }),
    );
  });
  process.on("disconnect", () => process.exit(0));
}

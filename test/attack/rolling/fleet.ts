import { type Child, createChild } from "../child";
import { type Installation, programOf } from "../installation";
import { listeningPort } from "../../support/listening-port";
import type { Release } from "./release";

/** A process of the release that goes, and the one of the other release that takes its place; then the other way round. */
export interface Place {
  readonly old: Child;
  readonly next: Child;
}

export interface Fleet {
  readonly apis: readonly Place[];
  readonly workers: readonly Place[];
  kill(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Each process of the other release has ports of its own, because for a moment both are there. */
export async function planFleet(
  { apis, workers, env, logDirectory }: Installation,
  { dist }: Release,
): Promise<Fleet> {
  const made: Child[] = [];
  const beside = async (program: "api" | "worker", old: Child): Promise<Place> => {
    const [port, internalPort] = [await listeningPort(), await listeningPort()];
    const url = `http://${HOST}:${String(port)}`;
    const next = createChild(
      {
        name: `${old.name}-next`,
        ...programOf(program, dist),
        env: {
          ...env,
          ...(program === "api"
            ? { PORT: String(port), ONCEPAY_INTERNAL_PORT: String(internalPort) }
            : { ONCEPAY_METRICS_PORT: String(port) }),
        },
        url,
      },
      logDirectory,
    );
    made.push(next);
    return { old, next };
  };
  const places = async (
    program: "api" | "worker",
    children: readonly Child[],
  ): Promise<Place[]> => {
    const all: Place[] = [];
    for (const child of children) all.push(await beside(program, child));
    return all;
  };
  return {
    apis: await places("api", apis),
    workers: await places("worker", workers),
    kill: async () => {
      await Promise.all(made.map((child) => child.kill()));
    },
  };
}

/** How often processes ended otherwise than they were asked to. */
export function endedBadly({ apis, workers }: Fleet): string[] {
  return [...apis, ...workers]
    .flatMap(({ old, next }) => [old, next])
    .flatMap(({ name, exits }) =>
      exits
        .filter(({ code }) => code !== 0)
        .map(({ code, signal }) => `${name} ended with ${String(code ?? signal)}`),
    );
}

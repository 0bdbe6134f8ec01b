import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** How an endpoint answers, by its path. */
export const MANNERS = ["quick", "hanging", "late"] as const;
export type Manner = (typeof MANNERS)[number];

export interface Receivers {
  urlOf(manner: Manner, index: number): string;
  /** How many webhooks came. */
  readonly counts: Record<Manner, number>;
  /** From now on all of them answer at once, and so do those who have kept somebody waiting. */
  release(): void;
  close(): Promise<void>;
}

const LATE_MS = 14_000;

/** Everybody's endpoints, in one process with whoever measures: what is measured is written by the workers. */
export async function openReceivers(): Promise<Receivers> {
  const counts: Receivers["counts"] = { quick: 0, hanging: 0, late: 0 };
  const waiting = new Set<ServerResponse>();
  let isReleased = false;
  const answer = (response: ServerResponse): void => {
    waiting.delete(response);
    if (!response.destroyed) response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    const manner = MANNERS.find((known) => request.url?.startsWith(`/${known}/`)) ?? "quick";
    counts[manner] += 1;
    request.resume();
    request.on("end", () => {
      if (manner === "quick" || isReleased) {
        answer(response);
        return;
      }
      waiting.add(response);
      response.on("close", () => waiting.delete(response));
      if (manner === "late") setTimeout(answer, LATE_MS, response).unref();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (manner, index) => `http://127.0.0.1:${String(port)}/${manner}/${String(index)}`,
    counts,
    release: () => {
      isReleased = true;
      for (const response of waiting) answer(response);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import {
  type PaymentUpdate,
  type WatchingClient,
  watchPayment,
} from "../../../src/sdk/checkout/watch-payment";
import type { PaymentIntent } from "../../../src/sdk/objects";
import { OncepayError } from "../../../src/sdk/oncepay-error";
import { waitFor } from "../../support/wait-for";

/* What is shown to a shopper, out of what a stream and an API that come and go have to say. */

const id = "pi_1";

function at(version: number, status: PaymentIntent["status"]): PaymentIntent {
  return { id, version, status } as PaymentIntent;
}

function failure(code: string): OncepayError {
  return new OncepayError({ code, message: code, retryable: false }, { tries: 1 });
}

type Stream = Parameters<WatchingClient["paymentIntentUpdated"]>[1] & {
  readonly end: (error?: OncepayError) => void;
};

/** An API whose streams the test writes, and whose answers it gives. */
function scripted(answer: () => PaymentIntent | null | OncepayError) {
  const streams: Stream[] = [];
  let asked = 0;
  const client: WatchingClient = {
    paymentIntentUpdated: (_variables, options) =>
      new Promise((resolve, reject) => {
        const end = (error?: OncepayError): void => {
          if (error) reject(error);
          else resolve(at(0, "PROCESSING"));
        };
        options.signal?.addEventListener("abort", () => end(failure("ABORTED")));
        streams.push({ ...options, end });
      }),
    paymentIntent: () => {
      asked += 1;
      const given = answer();
      return given instanceof OncepayError ? Promise.reject(given) : Promise.resolve(given);
    },
  };
  return { client, streams, asked: () => asked };
}

function watching(client: WatchingClient) {
  const updates: PaymentUpdate[] = [];
  const controller = new AbortController();
  const ended = watchPayment(
    client,
    { paymentIntentId: id },
    { signal: controller.signal, onUpdate: (update) => updates.push(update) },
  );
  // Whoever looks at it only later has not missed it.
  ended.catch(() => undefined);
  return { updates, ended, stop: () => controller.abort() };
}

const away = (): OncepayError => failure("NETWORK_ERROR");

test("while a stream says how things are, nobody asks", async () => {
  const { client, streams, asked } = scripted(away);
  const { updates, ended } = watching(client);
  const [stream] = await waitFor("the stream", () => streams.length === 1 && streams);
  stream?.onConnection?.({ isLive: true });
  stream?.onNext(at(1, "REQUIRES_CONFIRMATION"));
  stream?.onNext(at(2, "PROCESSING"));
  stream?.onNext(at(2, "PROCESSING"));
  stream?.onNext(at(1, "REQUIRES_CONFIRMATION"));
  stream?.onNext(at(3, "SUCCEEDED"));
  expect(await ended).toEqual(at(3, "SUCCEEDED"));
  expect(stream?.signal?.aborted).toBe(true);
  expect(asked()).toBe(0);
  expect(updates).toEqual([
    { paymentIntent: at(1, "REQUIRES_CONFIRMATION"), isCurrent: true },
    { paymentIntent: at(2, "PROCESSING"), isCurrent: true },
    { paymentIntent: at(3, "SUCCEEDED"), isCurrent: true },
  ]);
});

test("where there are no streams, it asks until the end", async () => {
  let version = 0;
  const answers = [at(1, "PROCESSING"), at(2, "REQUIRES_CAPTURE")];
  const { client, streams, asked } = scripted(() => answers[version++] ?? null);
  const { updates, ended } = watching(client);
  await waitFor("the stream", () => streams.length === 1);
  streams[0]?.end(failure("BAD_USER_INPUT"));
  expect(await ended).toEqual(at(2, "REQUIRES_CAPTURE"));
  expect([streams.length, asked()]).toEqual([1, 2]);
  expect(updates.map(({ isCurrent }) => isCurrent)).toEqual([true, true]);
});

test("nobody answers: that is said, once, and nothing is called a failure; then it goes on", async () => {
  let isAway = true;
  const { client, streams } = scripted(() => (isAway ? away() : at(2, "PROCESSING")));
  const { updates, ended } = watching(client);
  await waitFor("the stream", () => streams.length === 1);
  streams[0]?.onConnection?.({ isLive: true });
  streams[0]?.onNext(at(1, "REQUIRES_CONFIRMATION"));
  streams[0]?.onConnection?.({ isLive: false });
  await waitFor("the loss to be told", () => updates.length === 2);
  isAway = false;
  await waitFor("the answer to be told", () => updates.length === 3);
  streams[0]?.onConnection?.({ isLive: true });
  streams[0]?.onNext(at(3, "FAILED"));
  await ended;
  expect(updates).toEqual([
    { paymentIntent: at(1, "REQUIRES_CONFIRMATION"), isCurrent: true },
    { paymentIntent: at(1, "REQUIRES_CONFIRMATION"), isCurrent: false },
    { paymentIntent: at(2, "PROCESSING"), isCurrent: true },
    { paymentIntent: at(3, "FAILED"), isCurrent: true },
  ]);
});

test.each(["NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"])(
  "%s of the stream proves nothing, and of the answer ends it",
  async (code) => {
    const { client, streams, asked } = scripted(() => failure(code));
    const { ended } = watching(client);
    await waitFor("the stream", () => streams.length === 1);
    streams[0]?.end(failure(code));
    await expect(ended).rejects.toMatchObject({ code });
    expect(asked()).toBe(1);
  },
);

test("no such payment ends it", async () => {
  const { client, streams } = scripted(() => null);
  const { ended } = watching(client);
  await expect(ended).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(streams[0]?.signal?.aborted).toBe(true);
});

test("a stream that is complete before the payment has ended is not opened again and again", async () => {
  const answers = [at(1, "PROCESSING"), at(2, "SUCCEEDED")];
  const { client, streams } = scripted(() => answers.shift() ?? null);
  const { ended } = watching(client);
  await waitFor("the stream", () => streams.length === 1);
  streams[0]?.end();
  expect(await ended).toEqual(at(2, "SUCCEEDED"));
  expect(streams).toHaveLength(1);
});

test("the signal ends it, and nothing more is told", async () => {
  const { client, streams } = scripted(away);
  const { updates, ended, stop } = watching(client);
  await waitFor("the stream", () => streams.length === 1);
  stop();
  streams[0]?.onNext(at(1, "PROCESSING"));
  await expect(ended).rejects.toMatchObject({ code: "ABORTED" });
  expect(updates).toEqual([]);
});

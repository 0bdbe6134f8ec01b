import type { Processor, ProcessorRequest } from "../../src/processors/processor";
import { waitFor } from "../support/wait-for";

/** What a processor's tests must be able to arrange, so that the suite can be run against it. */
export interface ConformanceBench {
  readonly processor: Processor;
  /** The same processor, giving up after `impatientMs`. */
  readonly impatient: Processor;
  readonly impatientMs: number;
  readonly cards: Readonly<
    Record<"approved" | "softDecline" | "hardDecline" | "challenge", string>
  >;
  /** What moved under a reference, as an independent witness saw it, in order: "capture 1000". */
  readonly moved: (reference: string) => Promise<string[]>;
  readonly setLatency: (ms: number) => Promise<void>;
  /** The next money-moving request is carried out, and its answer is lost. */
  readonly loseNextAnswer: () => Promise<void>;
  /** The next money-moving request is lost before anything happens. */
  readonly loseNextRequest: () => Promise<void>;
  /** The next money-moving request is carried out, and answered with a server error. */
  readonly failNextAnswer: () => Promise<void>;
  readonly completeChallenge: (redirectUrl: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What every adapter has to get right. One suite, run against each processor. */
export function conformance(name: string, startBench: () => Promise<ConformanceBench>): void {
  describe(`${name} conforms`, () => {
    let bench: ConformanceBench;
    let references = 0;
    beforeAll(async () => {
      bench = await startBench();
    });
    afterAll(() => bench.close());
    afterEach(() => bench.setLatency(0));

    const newReference = (): string => `att_conformance_${(references += 1)}`;

    const requestFor = (overrides: Partial<ProcessorRequest> = {}): ProcessorRequest => ({
      reference: newReference(),
      operation: "charge",
      amountMinor: 1_000,
      currency: "USD",
      paymentMethod: bench.cards.approved,
      ...overrides,
    });

    const follow = (
      operation: "capture" | "refund" | "void",
      target: ProcessorRequest,
      overrides: Partial<ProcessorRequest> = {},
    ): ProcessorRequest => ({
      reference: newReference(),
      operation,
      amountMinor: target.amountMinor,
      currency: target.currency,
      targetReference: target.reference,
      ...overrides,
    });

    describeOutcomes({ bench: () => bench, requestFor, follow });
    describeUncertainty({ bench: () => bench, requestFor, follow });
    describeReversal({ bench: () => bench, requestFor, follow });
  });
}

interface Arrangements {
  readonly bench: () => ConformanceBench;
  readonly requestFor: (overrides?: Partial<ProcessorRequest>) => ProcessorRequest;
  readonly follow: (
    operation: "capture" | "refund" | "void",
    target: ProcessorRequest,
    overrides?: Partial<ProcessorRequest>,
  ) => ProcessorRequest;
}

function describeOutcomes({ bench, requestFor, follow }: Arrangements): void {
  test("approves a charge, and finds it again", async () => {
    const { processor, moved } = bench();
    const request = requestFor();
    const outcome = await processor.send(request);
    expect(outcome).toMatchObject({ kind: "approved", amountMinor: 1_000 });
    expect(await processor.lookUp(request.reference)).toEqual(outcome);
    expect(await moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("tells soft declines from hard ones, and moves nothing", async () => {
    const { processor, cards, moved } = bench();
    const soft = requestFor({ paymentMethod: cards.softDecline });
    const hard = requestFor({ paymentMethod: cards.hardDecline });
    const softOutcome = await processor.send(soft);
    expect(softOutcome).toMatchObject({ kind: "declined", hard: false });
    expect(await processor.send(hard)).toMatchObject({ kind: "declined", hard: true });
    expect(await processor.lookUp(soft.reference)).toEqual(softOutcome);
    expect(await moved(soft.reference)).toEqual([]);
    expect(await moved(hard.reference)).toEqual([]);
  });

  test("authorises, captures in parts, and voids the rest", async () => {
    const { processor, moved } = bench();
    const authorization = requestFor({ operation: "authorize" });
    expect(await processor.send(authorization)).toMatchObject({ kind: "approved", feeMinor: 0 });
    const part = follow("capture", authorization, { amountMinor: 300, final: false });
    const captured = await processor.send(part);
    expect(captured).toMatchObject({ kind: "approved", amountMinor: 300 });
    expect(await processor.lookUp(part.reference)).toEqual(captured);
    const tooMuch = follow("capture", authorization, { amountMinor: 701 });
    expect(await processor.send(tooMuch)).toMatchObject({ kind: "declined" });
    const rest = follow("void", authorization);
    expect(await processor.send(rest)).toMatchObject({ kind: "approved" });
    expect(await processor.lookUp(rest.reference)).toMatchObject({ kind: "approved" });
    expect(await moved(authorization.reference)).toEqual(["authorize 1000"]);
    expect(await moved(part.reference)).toEqual(["capture 300"]);
    expect(await moved(tooMuch.reference)).toEqual([]);
    expect(await moved(rest.reference)).toEqual(["void 700"]);
  });

  test("refunds up to what was captured", async () => {
    const { processor, moved } = bench();
    const charge = requestFor();
    await processor.send(charge);
    const refund = follow("refund", charge, { amountMinor: 600 });
    const refunded = await processor.send(refund);
    expect(refunded).toMatchObject({ kind: "approved", amountMinor: 600, feeMinor: 0 });
    expect(await processor.lookUp(refund.reference)).toEqual(refunded);
    const tooMuch = follow("refund", charge, { amountMinor: 401 });
    expect(await processor.send(tooMuch)).toMatchObject({ kind: "declined" });
    expect(await moved(refund.reference)).toEqual(["refund 600"]);
  });

  test("waits for the shopper where the card asks for it", async () => {
    const { processor, cards, completeChallenge, moved } = bench();
    const request = requestFor({ paymentMethod: cards.challenge });
    const outcome = await processor.send(request);
    if (outcome.kind !== "action_required") throw new Error(`It was ${outcome.kind}.`);
    expect(Date.parse(outcome.expiresAt)).toBeGreaterThan(Date.now());
    expect(await processor.lookUp(request.reference)).toEqual(outcome);
    expect(await moved(request.reference)).toEqual([]);
    await completeChallenge(outcome.redirectUrl);
    expect(await processor.lookUp(request.reference)).toMatchObject({ kind: "approved" });
    expect(await moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("declines for good what the processor cannot understand", async () => {
    const { processor, moved } = bench();
    const request = requestFor({ currency: "no currency" });
    expect(await processor.send(request)).toMatchObject({ kind: "declined", hard: true });
    expect(await moved(request.reference)).toEqual([]);
  });
}

function describeUncertainty({ bench, requestFor, follow }: Arrangements): void {
  test("a timeout is unknown, and the lookup knows", async () => {
    const { processor, impatient, impatientMs, setLatency, moved } = bench();
    await setLatency(impatientMs * 3);
    const request = requestFor();
    expect(await impatient.send(request)).toMatchObject({ kind: "unknown" });
    expect(await processor.lookUp(request.reference)).toEqual({ kind: "pending" });
    const kind = async () => (await processor.lookUp(request.reference)).kind;
    await waitFor("the approval", async () => (await kind()) === "approved");
    expect(await moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("a lost answer is unknown, and the lookup finds what moved", async () => {
    const { processor, loseNextAnswer, moved } = bench();
    const charge = requestFor();
    const refund = follow("refund", charge);
    for (const request of [charge, refund]) {
      await loseNextAnswer();
      expect(await processor.send(request)).toMatchObject({ kind: "unknown" });
      expect(await processor.lookUp(request.reference)).toMatchObject({ kind: "approved" });
      expect(await moved(request.reference)).toHaveLength(1);
    }
  });

  test("an error after charging is unknown, and the lookup finds what moved", async () => {
    const { processor, failNextAnswer } = bench();
    const request = requestFor();
    await failNextAnswer();
    expect(await processor.send(request)).toMatchObject({ kind: "unknown" });
    expect(await processor.lookUp(request.reference)).toMatchObject({ kind: "approved" });
  });

  test("a lost request is unknown too, and the lookup finds nothing", async () => {
    const { processor, loseNextRequest, moved } = bench();
    const request = requestFor();
    await loseNextRequest();
    expect(await processor.send(request)).toMatchObject({ kind: "unknown" });
    expect(await processor.lookUp(request.reference)).toEqual({ kind: "not_found" });
    expect(await moved(request.reference)).toEqual([]);
  });

  test("does not find what was never sent", async () => {
    expect(await bench().processor.lookUp("att_conformance_never")).toEqual({ kind: "not_found" });
  });

  test("is honest about idempotency keys: the same request twice", async () => {
    const { processor, moved } = bench();
    const request = requestFor();
    const first = await processor.send(request);
    const second = await processor.send(request);
    expect([first.kind, second.kind]).toEqual(["approved", "approved"]);
    const times = processor.capabilities.takesIdempotencyKeys ? 1 : 2;
    expect(await moved(request.reference)).toHaveLength(times);
  });

  test("waits longer for a request to arrive than it waits for an answer", () => {
    const { impatient, impatientMs } = bench();
    expect(impatient.capabilities.requestHorizonMs).toBeGreaterThan(impatientMs);
  });
}

function describeReversal({ bench, requestFor }: Arrangements): void {
  test("undoes a charge by its reference, once", async () => {
    const { processor, moved } = bench();
    const request = requestFor();
    await processor.send(request);
    expect(await processor.reverse(request.reference)).toEqual({ kind: "reversed" });
    expect(await processor.reverse(request.reference)).toEqual({ kind: "reversed" });
    expect(await processor.lookUp(request.reference)).toEqual({ kind: "reversed" });
    expect(await moved(request.reference)).toEqual(["capture 1000", "reverse 1000"]);
  });

  test("keeps a request that is still under way from moving anything", async () => {
    const { processor, impatientMs, setLatency, moved } = bench();
    await setLatency(impatientMs * 2);
    const request = requestFor();
    const patientAnswer = processor.send(request);
    const kind = async () => (await processor.lookUp(request.reference)).kind;
    await waitFor("the request", async () => (await kind()) === "pending");
    expect(await processor.reverse(request.reference)).toEqual({ kind: "reversed" });
    expect(await patientAnswer).toMatchObject({ kind: "unknown" });
    expect(await moved(request.reference)).toEqual([]);
  });

  test("keeps a request that arrives afterwards from moving anything", async () => {
    const { processor, moved } = bench();
    const request = requestFor();
    expect(await processor.reverse(request.reference)).toEqual({ kind: "reversed" });
    expect(await processor.send(request)).toMatchObject({ kind: "unknown" });
    expect(await processor.lookUp(request.reference)).toEqual({ kind: "reversed" });
    expect(await moved(request.reference)).toEqual([]);
  });
}

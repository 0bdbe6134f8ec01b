import {
  type Processor,
  type ProcessorOperation,
  type ProcessorRequest,
  type ProcessorWebhook,
  type SendOutcome,
  PROCESSOR_OPERATIONS,
} from "../../src/processors/processor";
import { waitFor } from "../support/wait-for";
import { NEVER_SENT } from "./never-sent";

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
  /**
   * It sees a request under its reference as soon as that arrives, and refuses one that was undone before it arrived.
   * Otherwise it goes by its own name of what was prepared, and knows nothing of a request before carrying it out.
   */
  readonly knowsReferences: boolean;
  /** How long the processor keeps the key of a request, as it promises. */
  readonly keysKeptMs: number;
  /** That time is over for all keys. */
  readonly forgetKeys: () => Promise<void>;
  readonly completeChallenge: (redirectUrl: string) => Promise<void>;
  /**
   * What the adapter reads in the last of the processor's webhooks about a request. For a processor that only acknowledges
   * some requests, and tells later what became of them, or that cannot be asked.
   */
  readonly told?: (reference: string) => Promise<ProcessorWebhook["outcome"] | undefined>;
  /** What cannot be arranged with a real one. What needs it is not run, and says so. */
  readonly cannot?: ReadonlySet<Arrangement>;
  readonly close: () => Promise<void>;
}

export type Arrangement = "delay" | "forget keys" | "authenticate";

function isNotRun({ cannot }: ConformanceBench, what: Arrangement): boolean {
  if (cannot?.has(what) !== true) return false;
  const { currentTestName = "" } = expect.getState();
  process.stdout.write(`not run, because nobody can ${what} there: ${currentTestName}\n`);
  return true;
}

const refs = new WeakMap<ProcessorRequest, string>();
/** By their answers: their names of what was not prepared. */
const answeredAs = new WeakMap<ProcessorRequest, string>();

/** As it is known once it has been prepared. */
function asked(request: ProcessorRequest): ProcessorRequest {
  return { ...request, processorRef: refs.get(request) ?? request.processorRef };
}

/** As a worker does: what has to be prepared is prepared first. */
async function send(processor: Processor, request: ProcessorRequest): Promise<SendOutcome> {
  const isPrepared = refs.has(request);
  if (processor.capabilities.prepares.includes(request.operation) && !isPrepared) {
    const prepared = await processor.prepare?.(request);
    if (prepared?.kind !== "prepared") return prepared ?? { kind: "unsent", reason: "cannot" };
    refs.set(request, prepared.processorRef);
  }
  const outcome = await processor.send(asked(request));
  if (outcome.kind === "approved") answeredAs.set(request, outcome.processorChargeId);
  return outcome;
}

type Outcome = ProcessorWebhook["outcome"] | SendOutcome;

/** What came of it, where the answer may only be that it was received. */
async function settled(bench: ConformanceBench, request: ProcessorRequest): Promise<Outcome> {
  const outcome = await send(bench.processor, request);
  return outcome.kind === "pending"
    ? ((await bench.told?.(request.reference)) ?? outcome)
    : outcome;
}

/** Only what was sent before is repeated. */
function again(request: ProcessorRequest): ProcessorRequest {
  return { ...asked(request), sentAt: new Date() };
}

/** What is known of it, as the adapter says that it is found out: by asking, by what was told, or by a repeat. */
async function found(bench: ConformanceBench, request: ProcessorRequest): Promise<Outcome> {
  const { processor, told } = bench;
  if (processor.capabilities.canLookUp) return processor.lookUp(asked(request));
  return (await told?.(request.reference)) ?? processor.send(again(request));
}

/** Found by asking, it is all of the answer; told by a webhook, the same in fewer words. */
function theSame({ processor }: ConformanceBench, outcome: Outcome): unknown {
  return processor.capabilities.canLookUp
    ? outcome
    : expect.objectContaining({ kind: outcome.kind });
}

/** What every adapter has to get right. One suite, run against each processor. */
export function conformance(
  name: string,
  /** Operations whose requests may be repeated under their keys. */
  repeated: readonly ProcessorOperation[],
  startBench: () => Promise<ConformanceBench>,
): void {
  describe(`${name} conforms`, () => {
    let bench: ConformanceBench;
    let references = 0;
    beforeAll(async () => {
      bench = await startBench();
    });
    afterAll(() => bench.close());
    afterEach(() => bench.setLatency(0));

    // What is real keeps its keys for longer than this run.
    const run = Date.now().toString(36);
    const newReference = (): string => `att_conformance_${run}_${(references += 1)}`;

    const requestFor = (overrides: Partial<ProcessorRequest> = {}): ProcessorRequest => ({
      ...NEVER_SENT,
      reference: newReference(),
      operation: "charge",
      amountMinor: 1_000,
      currency: "USD",
      paymentMethod: bench.cards.approved,
      returnUrl: "https://shop.example/return",
      ...overrides,
    });

    const follow = (
      operation: "capture" | "refund" | "void",
      target: ProcessorRequest,
      overrides: Partial<ProcessorRequest> = {},
    ): ProcessorRequest => ({
      ...NEVER_SENT,
      reference: newReference(),
      operation,
      amountMinor: target.amountMinor,
      currency: target.currency,
      targetReference: target.reference,
      targetProcessorRef: refs.get(target) ?? answeredAs.get(target) ?? null,
      ...overrides,
    });

    describeOutcomes({ bench: () => bench, requestFor, follow });
    describeUncertainty({ bench: () => bench, requestFor, follow });
    describeReversal({ bench: () => bench, requestFor, follow });
    describePreparation({ bench: () => bench, requestFor, follow });
    describeResolutions(repeated, () => bench);
    for (const operation of repeated) {
      describe(`repeating a ${operation}`, () => {
        describeRepeats(operation, { bench: () => bench, requestFor, follow });
      });
    }
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
    const outcome = await send(processor, request);
    expect(outcome).toMatchObject({ kind: "approved", amountMinor: 1_000 });
    expect(await found(bench(), request)).toEqual(theSame(bench(), outcome));
    expect(await moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("tells soft declines from hard ones, and moves nothing", async () => {
    const { processor, cards, moved } = bench();
    const soft = requestFor({ paymentMethod: cards.softDecline });
    const hard = requestFor({ paymentMethod: cards.hardDecline });
    const softOutcome = await send(processor, soft);
    expect(softOutcome).toMatchObject({ kind: "declined", hard: false });
    expect(await send(processor, hard)).toMatchObject({ kind: "declined", hard: true });
    expect(await found(bench(), soft)).toEqual(theSame(bench(), softOutcome));
    expect(await moved(soft.reference)).toEqual([]);
    expect(await moved(hard.reference)).toEqual([]);
  });

  test("authorises, captures in parts, and voids the rest", async () => {
    const { processor, moved } = bench();
    const authorization = requestFor({ operation: "authorize" });
    expect(await send(processor, authorization)).toMatchObject({ kind: "approved", feeMinor: 0 });
    const part = follow("capture", authorization, { amountMinor: 300, final: false });
    const captured = await settled(bench(), part);
    expect(captured).toMatchObject({ kind: "approved", amountMinor: 300 });
    expect(await found(bench(), part)).toEqual(theSame(bench(), captured));
    const tooMuch = follow("capture", authorization, { amountMinor: 701 });
    expect(await settled(bench(), tooMuch)).toMatchObject({ kind: "declined" });
    const rest = follow("void", authorization);
    expect(await settled(bench(), rest)).toMatchObject({ kind: "approved" });
    expect(await found(bench(), rest)).toMatchObject({ kind: "approved" });
    expect(await moved(authorization.reference)).toEqual(["authorize 1000"]);
    expect(await moved(part.reference)).toEqual(["capture 300"]);
    expect(await moved(tooMuch.reference)).toEqual([]);
    expect(await moved(rest.reference)).toEqual(["void 700"]);
  });

  test("refunds up to what was captured", async () => {
    const { processor, moved } = bench();
    const charge = requestFor();
    await send(processor, charge);
    const refund = follow("refund", charge, { amountMinor: 600 });
    const refunded = await settled(bench(), refund);
    expect(refunded).toMatchObject({ kind: "approved", amountMinor: 600 });
    // Some tell later what they keep of it.
    expect([0, null]).toContain(refunded.kind === "approved" ? refunded.feeMinor : undefined);
    expect(await found(bench(), refund)).toEqual(theSame(bench(), refunded));
    const tooMuch = follow("refund", charge, { amountMinor: 401 });
    expect(await settled(bench(), tooMuch)).toMatchObject({ kind: "declined" });
    expect(await moved(refund.reference)).toEqual(["refund 600"]);
  });

  test("waits for the shopper where the card asks for it", async () => {
    if (isNotRun(bench(), "authenticate")) return;
    const { processor, cards, completeChallenge, moved } = bench();
    const request = requestFor({ paymentMethod: cards.challenge });
    const outcome = await send(processor, request);
    if (outcome.kind !== "action_required") throw new Error(`It was ${outcome.kind}.`);
    expect(Date.parse(outcome.expiresAt)).toBeGreaterThan(Date.now());
    expect(await found(bench(), request)).toEqual(theSame(bench(), outcome));
    expect(await moved(request.reference)).toEqual([]);
    await completeChallenge(outcome.redirectUrl);
    expect(await found(bench(), request)).toMatchObject({ kind: "approved" });
    expect(await moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("declines for good what the processor cannot understand", async () => {
    const { processor, moved } = bench();
    const request = requestFor({ currency: "no currency" });
    expect(await send(processor, request)).toMatchObject({ kind: "declined", hard: true });
    expect(await moved(request.reference)).toEqual([]);
  });
}

function describeUncertainty({ bench, requestFor, follow }: Arrangements): void {
  test("a timeout is unknown, and the lookup knows", async () => {
    if (isNotRun(bench(), "delay")) return;
    const { processor, impatient, impatientMs, setLatency, moved, knowsReferences } = bench();
    await setLatency(impatientMs * 3);
    const request = requestFor();
    expect(await send(impatient, request)).toMatchObject({ kind: "unknown" });
    const meanwhile = { kind: knowsReferences ? "pending" : "not_found" };
    if (processor.capabilities.canLookUp) {
      expect(await processor.lookUp(asked(request))).toEqual(meanwhile);
    }
    const kind = async () => (await found(bench(), request)).kind;
    await waitFor("the approval", async () => (await kind()) === "approved");
    expect(await moved(request.reference)).toEqual(["capture 1000"]);
  });

  test("a lost answer is unknown, and the lookup finds what moved", async () => {
    const { processor, loseNextAnswer, moved } = bench();
    const charge = requestFor();
    for (const next of [() => charge, () => follow("refund", charge)]) {
      const request = next();
      await loseNextAnswer();
      expect(await send(processor, request)).toMatchObject({ kind: "unknown" });
      const outcome = await found(bench(), request);
      expect(outcome).toMatchObject({ kind: "approved" });
      // It is theirs by name from when its answer is found, as an attempt is.
      if (outcome.kind === "approved") answeredAs.set(request, outcome.processorChargeId);
      expect(await moved(request.reference)).toHaveLength(1);
    }
  });

  test("an error after charging is unknown, and the lookup finds what moved", async () => {
    const { processor, failNextAnswer } = bench();
    const request = requestFor();
    await failNextAnswer();
    expect(await send(processor, request)).toMatchObject({ kind: "unknown" });
    expect(await found(bench(), request)).toMatchObject({ kind: "approved" });
  });

  test("a lost request is unknown too, and the lookup finds nothing", async () => {
    const { processor, loseNextRequest, moved } = bench();
    const request = requestFor();
    await loseNextRequest();
    expect(await send(processor, request)).toMatchObject({ kind: "unknown" });
    const { kind } = await processor.lookUp(asked(request));
    expect(kind).toBe(processor.capabilities.canLookUp ? "not_found" : "unknown");
    expect(await moved(request.reference)).toEqual([]);
  });

  test("does not find what was never sent", async () => {
    const { processor } = bench();
    const { kind } = await processor.lookUp(requestFor());
    // Where nobody can be asked, nothing is no evidence.
    expect(kind).toBe(processor.capabilities.canLookUp ? "not_found" : "unknown");
  });

  test("waits longer for a request to arrive than it waits for an answer", () => {
    const { impatient, impatientMs } = bench();
    expect(impatient.capabilities.requestHorizonMs).toBeGreaterThan(impatientMs);
  });
}

function describeReversal({ bench, requestFor }: Arrangements): void {
  const cannotUndo = (): boolean => !bench().processor.capabilities.reverses.includes("charge");

  test("undoes a charge by its reference, once, or says that it cannot", async () => {
    const { processor, moved } = bench();
    const request = requestFor();
    await send(processor, request);
    if (cannotUndo()) {
      expect(await processor.reverse(asked(request))).toMatchObject({ kind: "unknown" });
      expect(await moved(request.reference)).toEqual(["capture 1000"]);
      return;
    }
    expect(await processor.reverse(asked(request))).toEqual({ kind: "reversed" });
    expect(await processor.reverse(asked(request))).toEqual({ kind: "reversed" });
    expect(await processor.lookUp(asked(request))).toEqual({ kind: "reversed" });
    expect(await moved(request.reference)).toEqual(["capture 1000", "reverse 1000"]);
  });

  test("undoes one movement by its id where it says so, and not otherwise", () => {
    const { reverseMovement, listMovements, capabilities } = bench().processor;
    const operations = capabilities.reversesMovements ?? [];
    expect(reverseMovement === undefined).toBe(operations.length === 0);
    // Without its list nobody would know of a movement.
    expect(operations.length === 0 || listMovements !== undefined).toBe(true);
  });

  test("keeps a request that is still under way from moving anything, or undoes it", async () => {
    if (isNotRun(bench(), "delay") || cannotUndo()) return;
    const { processor, impatientMs, setLatency, moved, knowsReferences } = bench();
    await setLatency(impatientMs * 2);
    const request = requestFor();
    if (!knowsReferences) {
      const prepared = await processor.prepare?.(request);
      if (prepared?.kind !== "prepared") throw new Error("It was not prepared.");
      const known = { ...request, processorRef: prepared.processorRef };
      const answer = processor.send(known);
      const undone = async () => (await processor.reverse(known)).kind === "reversed";
      await waitFor("the reversal", undone);
      await answer;
      // It was the one or the other that came first.
      expect([[], ["capture 1000", "reverse 1000"]]).toContainEqual(await moved(request.reference));
      return;
    }
    const patientAnswer = send(processor, request);
    const kind = async () => (await processor.lookUp(asked(request))).kind;
    await waitFor("the request", async () => (await kind()) === "pending");
    expect(await processor.reverse(asked(request))).toEqual({ kind: "reversed" });
    expect(await patientAnswer).toMatchObject({ kind: "unknown" });
    expect(await moved(request.reference)).toEqual([]);
  });

  test("keeps a request that arrives afterwards from moving anything", async () => {
    const { processor, moved, knowsReferences } = bench();
    const request = requestFor();
    if (!knowsReferences) {
      // It is never asked to: without their name of it, nothing was sent.
      expect(await processor.reverse(asked(request))).toMatchObject({ kind: "unknown" });
      return;
    }
    expect(await processor.reverse(asked(request))).toEqual({ kind: "reversed" });
    expect(await send(processor, request)).toMatchObject({ kind: "unknown" });
    expect(await processor.lookUp(asked(request))).toEqual({ kind: "reversed" });
    expect(await moved(request.reference)).toEqual([]);
  });
}

function describePreparation({ bench, requestFor }: Arrangements): void {
  test("prepares what it says it prepares: nothing moves until it is sent, and then once", async () => {
    const { processor, moved } = bench();
    const { prepares } = processor.capabilities;
    expect(processor.prepare === undefined).toBe(prepares.length === 0);
    for (const operation of prepares) {
      const request = requestFor({ operation });
      const prepared = await processor.prepare?.(request);
      if (prepared?.kind !== "prepared") throw new Error("It was not prepared.");
      const { processorRef } = prepared;
      expect(await processor.lookUp({ ...request, processorRef })).toEqual({ kind: "not_found" });
      expect(await moved(request.reference)).toEqual([]);
      const outcome = await processor.send({ ...request, processorRef });
      expect(outcome).toMatchObject({ kind: "approved", amountMinor: 1_000 });
      expect(await processor.send({ ...request, processorRef })).toEqual(outcome);
      expect(await processor.lookUp({ ...request, processorRef })).toEqual(outcome);
      expect(await moved(request.reference)).toHaveLength(1);
    }
  });

  test("does not send what was prepared and then undone", async () => {
    const { processor, moved } = bench();
    for (const operation of processor.capabilities.prepares) {
      const request = requestFor({ operation });
      const prepared = await processor.prepare?.(request);
      if (prepared?.kind !== "prepared") throw new Error("It was not prepared.");
      const known = { ...request, processorRef: prepared.processorRef };
      expect(await processor.reverse(known)).toEqual({ kind: "reversed" });
      expect(await processor.send(known)).toMatchObject({ kind: "unknown" });
      expect(await moved(request.reference)).toEqual([]);
    }
  });
}

function describeResolutions(
  repeated: readonly ProcessorOperation[],
  bench: () => ConformanceBench,
): void {
  test.each(PROCESSOR_OPERATIONS)(
    "the resolution of a %s is one that it can keep to",
    (operation) => {
      const { capabilities } = bench().processor;
      const { resolution, keyLifetimeMs, reverses, canLookUp } = capabilities;
      const can = {
        KEY_REPEAT: keyLifetimeMs > 0 && keyLifetimeMs < bench().keysKeptMs,
        REVERSAL_BY_REFERENCE: reverses.includes(operation),
        LOOKUP: canLookUp,
        OPERATOR: true,
      };
      expect(can[resolution[operation]]).toBe(true);
      expect(repeated.includes(operation)).toBe(resolution[operation] === "KEY_REPEAT");
    },
  );
}

function describeRepeats(operation: ProcessorOperation, given: Arrangements): void {
  const { bench, requestFor, follow } = given;

  /** With everything that it acts on, and so small that it could be carried out a second time. */
  const aTry = async (): Promise<ProcessorRequest> => {
    if (operation === "charge" || operation === "authorize") return requestFor({ operation });
    const target = requestFor({ operation: operation === "refund" ? "charge" : "authorize" });
    expect(await send(bench().processor, target)).toMatchObject({ kind: "approved" });
    return follow(operation, target, { amountMinor: 300, final: false });
  };
  /** Where requests are only acknowledged, what became of it is told. */
  const cameTo = ({ kind }: Outcome): boolean => kind === "approved" || kind === "pending";

  test("moves nothing, and gets the same answer", async () => {
    const { processor, moved } = bench();
    const request = await aTry();
    const first = await send(processor, request);
    expect(cameTo(first)).toBe(true);
    expect(await processor.send(again(request))).toEqual(first);
    expect(await found(bench(), request)).toMatchObject({ kind: "approved" });
    expect(await moved(request.reference)).toHaveLength(1);
  });

  test("finds the answer that was lost", async () => {
    const { processor, moved, loseNextAnswer, loseNextRequest } = bench();
    for (const lose of [loseNextAnswer, loseNextRequest]) {
      const request = await aTry();
      await lose();
      expect(await send(processor, request)).toMatchObject({ kind: "unknown" });
      expect(cameTo(await processor.send(again(request)))).toBe(true);
      expect(await found(bench(), request)).toMatchObject({ kind: "approved" });
      expect(await moved(request.reference)).toHaveLength(1);
    }
  });

  test("is unknown, and no refusal, while it is being carried out", async () => {
    if (isNotRun(bench(), "delay")) return;
    const { processor, impatient, impatientMs, setLatency, moved } = bench();
    const request = await aTry();
    await setLatency(impatientMs * 3);
    expect(await send(impatient, request)).toMatchObject({ kind: "unknown" });
    expect(await processor.send(again(request))).toMatchObject({ kind: "unknown" });
    const isThere = async () => cameTo(await processor.send(again(request)));
    await waitFor("the approval", isThere);
    expect(await moved(request.reference)).toHaveLength(1);
  });

  test("gets the same failure for ever, and the look-up knows", async () => {
    const { processor, failNextAnswer, moved } = bench();
    const request = await aTry();
    await failNextAnswer();
    expect(await send(processor, request)).toMatchObject({ kind: "unknown" });
    for (let repeat = 0; repeat < 3; repeat += 1) {
      expect(await processor.send(again(request))).toMatchObject({ kind: "unknown" });
    }
    expect(await found(bench(), request)).toMatchObject({ kind: "approved" });
    expect(await moved(request.reference)).toHaveLength(1);
  });

  test("moves money again once the key is forgotten: why it is not repeated for so long", async () => {
    if (isNotRun(bench(), "forget keys")) return;
    const { processor, forgetKeys, moved } = bench();
    const request = await aTry();
    await send(processor, request);
    await forgetKeys();
    // Whether the adapter notices that more has moved than was asked for is another matter.
    const { kind } = await processor.send(again(request));
    expect(["approved", "pending", "unknown"]).toContain(kind);
    // There is nothing left that could be let go of once more.
    expect(await moved(request.reference)).toHaveLength(operation === "void" ? 1 : 2);
  });
}

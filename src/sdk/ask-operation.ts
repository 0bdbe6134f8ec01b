import { type FoundOutcome, type LostCall, askOutcome } from "./ask-outcome";
import { RESULTS, operationText } from "./documents";
import type { Queries } from "./queries";
import type { DataAnswer } from "./read-answer";
import type { Settings } from "./settings";

type Operation = Queries["operation"]["result"];

/** Asks for the outcome together with the object that it led to, of which the mutation's own answer is made. */
export function askOperation(settings: Settings, lost: LostCall): Promise<FoundOutcome> {
  const document = operationText({ name: lost.operation });
  return askOutcome<Operation>(settings, lost, {
    document,
    answerOf: (operation) => answerOf(lost, operation),
  });
}

/** The mutation's own answer; undefined when it contains more than is kept. */
function answerOf(lost: LostCall, { result, firstSeenAt }: Operation): DataAnswer | undefined {
  const expected = RESULTS[lost.operation];
  if (expected?.field === undefined || result?.__typename !== expected.type) return undefined;
  const { __typename, ...object } = result;
  const version = "version" in object ? object.version : null;
  const idempotency = { status: "REPLAYED", firstSeenAt, version };
  const payload = { [expected.field]: object, idempotency };
  return { data: { [lost.operation]: payload }, status: 200 };
}

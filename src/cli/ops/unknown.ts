import { type Command, UsageError } from "../command";
import {
  DRY_RUN,
  DRY_RUN_HELP,
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  nodeOf,
  numberOf,
  readAll,
  required,
  textOf,
} from "./ask";
import { fields, table } from "./table";

const LIST_DEFAULT = 50;
const ID_OPTION = { id: { type: "string" } } as const;
const ID_HELP = "  --id ID           the attempt's id";

export const listUnknownCommand: Command = {
  name: "ops unknown list",
  summary: "lists attempts whose outcome nobody knows",
  help: `Lists attempts whose outcome is unknown, newest first. The processor is asked about them until it answers.
${OPS_HELP}
  --limit N         how many; ${String(LIST_DEFAULT)} by default`,
  options: { ...OPS_OPTIONS, limit: { type: "string" } },
  run: async (call) => {
    const max = numberOf(call.values, "limit") ?? LIST_DEFAULT;
    const unknownAttempts = await askApi(call, (client) =>
      readAll((page) => client.unknownAttempts(page), max),
    );
    const rows = unknownAttempts.map((attempt) => [
      attempt.id,
      attempt.paymentIntentId,
      attempt.operation,
      attempt.amount,
      attempt.currency,
      attempt.unknownSince,
      attempt.lookups,
      attempt.nextLookupAt,
    ]);
    const headings = ["ATTEMPT", "PAYMENT", "WHAT", "AMOUNT", "IN", "SINCE", "LOOK-UPS", "NEXT"];
    return { json: { unknownAttempts }, text: table(headings, rows) };
  },
};

export const showUnknownCommand: Command = {
  name: "ops unknown show",
  summary: "shows all that is known of one attempt",
  help: `Shows all that is known of one attempt.
${OPS_HELP}
${ID_HELP}`,
  options: { ...OPS_OPTIONS, ...ID_OPTION },
  run: async (call) => {
    const attempt = await nodeOf(call, "Attempt", "attempt");
    return { json: { ...attempt }, text: fields(attempt) };
  },
};

export const lookUpUnknownCommand: Command = {
  name: "ops unknown look-up",
  summary: "has the processor asked now about an attempt",
  help: `Has the processor asked for the outcome of an attempt now: one that is unknown, or that an operator resolved and the
processor has yet to confirm. A worker asks; "ops unknown show" says what came of it.
${OPS_HELP}
${ID_HELP}
${DRY_RUN_HELP}`,
  options: { ...OPS_OPTIONS, ...ID_OPTION, ...DRY_RUN },
  run: async (call) => {
    const attemptId = required(call.values, "id");
    if (call.values["dry-run"] === true) {
      const attempt = await nodeOf(call, "Attempt", "attempt");
      return { json: { dryRun: true, attempt }, text: `Would be looked up:\n${fields(attempt)}` };
    }
    const { attempt } = await askApi(call, (client) => client.lookUpAttempt({ attemptId }));
    const times = attempt.lookups === 1 ? "once" : `${String(attempt.lookups)} times`;
    return { json: { attempt }, text: `The processor is asked; it had been asked ${times}.\n` };
  },
};

export const resolveUnknownCommand: Command = {
  name: "ops unknown resolve",
  summary: "settles an unknown outcome on a platform operator's word",
  help: `Settles an attempt whose outcome is unknown, on the word of a platform operator. Where the installation requires
four eyes, the first operator's word is a proposal.
${OPS_HELP}
${ID_HELP}
  --as OUTCOME      SUCCEEDED or FAILED: what happened at the processor
  --reason TEXT     how you know; it is kept as evidence
  --charge ID       the processor's id of the charge, if there is one
  --override        although the processor has yet to be asked, or the outcome has been unknown for a short time only
${DRY_RUN_HELP}`,
  options: {
    ...OPS_OPTIONS,
    ...ID_OPTION,
    ...DRY_RUN,
    as: { type: "string" },
    reason: { type: "string" },
    charge: { type: "string" },
    override: { type: "boolean" },
  },
  run: async (call) => {
    const { values } = call;
    const resolution = required(values, "as");
    if (resolution !== "SUCCEEDED" && resolution !== "FAILED") {
      throw new UsageError("--as must be SUCCEEDED or FAILED.");
    }
    const reason = required(values, "reason");
    if (values["dry-run"] === true) {
      const attempt = await nodeOf(call, "Attempt", "attempt");
      const text = `Would be resolved as ${resolution}:\n${fields(attempt)}`;
      return { json: { dryRun: true, attempt }, text };
    }
    const attemptId = required(values, "id");
    const processorChargeId = textOf(values, "charge") ?? null;
    const { paymentIntent, proposal } = await askApi(call, (client) =>
      client.resolveUnknownAttempt({
        attemptId,
        resolution,
        reason,
        processorChargeId,
        override: values["override"] === true,
      }),
    );
    const text = proposal
      ? "Kept as a proposal: a second operator must say the same.\n"
      : `Settled: the payment ${paymentIntent.id} is ${paymentIntent.status}.\n`;
    return { json: { paymentIntent, proposal }, text };
  },
};

import type * as breaks from "../src/reconciliation/break";
import type { ListFailure } from "../src/processors/processor";
import type { Report } from "../src/reconciliation/report-store";
import type { BreakAction } from "../src/reconciliation/resolve-break";
import { OPEN, enumOf } from "./enum-of";

export const ReconciliationBreakKind = enumOf<breaks.BreakKind>(
  "ReconciliationBreakKind",
  `What differs. ${OPEN}`,
  {
    MISSING_HERE: "The processor moved money, and nothing here says so.",
    MISSING_THERE: "Something here says that money moved, and the processor says nothing of it.",
    AMOUNT: "The amounts differ.",
    CURRENCY: "The currencies differ.",
    FEE: "The processor keeps a different fee from the one that was posted.",
    STATE:
      "The processor says that money moved where it is recorded here that none did, or another way.",
    DUPLICATE: "The processor moved money more than once for one attempt, or says so twice.",
    TIMING: "One side does not know yet what the other says. It closes itself.",
    IMBALANCE: "Debits and credits of the ledger differ.",
    UNCLEARED: "A clearing account that should be empty has held something for long.",
  },
);

export const ReconciliationBreakStatus = enumOf<breaks.BreakStatus>(
  "ReconciliationBreakStatus",
  `How far a break has come. ${OPEN}`,
  {
    OPEN: "Nobody has said anything of it.",
    EXPLAINED: "Somebody has said how it came about, and it has yet to be resolved.",
    RESOLVED: "It is closed for good.",
  },
);

export const ReconciliationBreakSource = enumOf<breaks.BreakSource>(
  "ReconciliationBreakSource",
  `What noticed a break. ${OPEN}`,
  {
    LEDGER: "The continuous audit of the ledger.",
    PROCESSOR_LIST: "The hourly comparison with the processor's list.",
    SETTLEMENT_FILE: "The comparison with a settlement file.",
  },
);

export const ReconciliationBreakResolution = enumOf<breaks.BreakResolution>(
  "ReconciliationBreakResolution",
  `How a break was resolved. ${OPEN}`,
  {
    CLOSED_ITSELF: "The difference is gone.",
    CORRECTED: "A correction was posted.",
    DISMISSED: "A person found that nothing needs to be corrected.",
    REVERSED: "The processor gave back what it had moved.",
  },
);

export const ReconciliationBreakAction = enumOf<BreakAction>(
  "ReconciliationBreakAction",
  "What to do about a break.",
  {
    EXPLAIN: "Say how it came about, and who sees to it. It stays open.",
    APPROVE_CORRECTION: "Post the proposed correction, which resolves it.",
    DISMISS: "Resolve it without a correction.",
  },
);

export const ReconciliationReportStatus = enumOf<Report["status"]>(
  "ReconciliationReportStatus",
  `How far a comparison has come. ${OPEN}`,
  {
    LOADING: "The processor's lines are being read.",
    COMPARING: "The lines are being compared with the attempts and the ledger.",
    MISSING: "What the lines lack is being looked for.",
    PAYOUTS: "The payouts are being recorded.",
    COMPLETED: "Everything has been compared.",
  },
);

export const ReconciliationReportFailure = enumOf<ListFailure>(
  "ReconciliationReportFailure",
  `Why the lines of a comparison could not be read. ${OPEN}`,
  {
    CREDENTIALS_REFUSED: "The processor refuses the account's credentials.",
    OTHER_ACCOUNT: "The credentials are not known to be the account's.",
    NOT_CONNECTED: "The account's secrets could not be opened.",
    NOT_READ: "The processor did not answer, or not in a way that could be read.",
  },
);

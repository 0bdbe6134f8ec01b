import { DISPUTE_REASONS, DISPUTE_STATUSES, type DisputeNews } from "./dispute";
import { isText } from "./sound-outcome";

/** Why news of a dispute cannot be true, in a sentence that repeats nothing of it; undefined when it may be. */
export function faultOfDispute(news: DisputeNews): string | undefined {
  const fault = CHECKS.find(([isSound]) => !isSound(news));
  return fault && `The dispute's ${fault[1]} malformed.`;
}

type Check = readonly [isSound: (news: DisputeNews) => boolean, what: string];

const CHECKS: readonly Check[] = [
  [({ processorDisputeId }) => isText(processorDisputeId), "id is"],
  [({ status }) => DISPUTE_STATUSES.includes(status), "status is"],
  [({ reason }) => DISPUTE_REASONS.includes(reason), "reason is"],
  [({ amountMinor }) => Number.isSafeInteger(amountMinor) && amountMinor > 0, "amount is"],
  [({ feeMinor }) => Number.isSafeInteger(feeMinor) && feeMinor >= 0, "fee is"],
  [({ currency }) => /^[A-Z]{3}$/.test(currency), "currency is"],
  [
    ({ openedAt, evidenceDueBy, closedAt }) =>
      [openedAt, evidenceDueBy ?? openedAt, closedAt ?? openedAt].every(isMoment),
    "times are",
  ],
  // It has ended when there is a time of its end, and only then.
  [({ status, closedAt }) => (closedAt === null) === (status === "OPEN"), "end is"],
];

/** As Postgres reads it, and as it is shown again. */
function isMoment(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) && !Number.isNaN(Date.parse(text))
  );
}

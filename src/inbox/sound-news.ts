import type { ProcessorWebhook } from "../processors/processor";
import { faultOfDispute } from "../processors/sound-dispute";
import { faultOf, isText, soundOutcome } from "../processors/sound-outcome";

/** What a processor tells, by webhook or in its list, checked before it is stored: who says it does not make it sense. */

/** Why it can be neither true nor stored, in a sentence that repeats nothing of it; undefined when it may be. */
export function faultOfNews(news: ProcessorWebhook): string | undefined {
  for (const name of ["eventId", "type", "reference"] as const) {
    if (!isText(news[name])) return `The event's ${name} is malformed.`;
  }
  const { outcome } = news;
  return outcome.kind === "dispute" ? faultOfDispute(outcome) : faultOf(outcome);
}

/** Of news without a fault: as it may be stored. */
export function soundNews(news: ProcessorWebhook): ProcessorWebhook {
  const { outcome } = news;
  if (outcome.kind === "dispute") return news;
  return { ...news, outcome: soundOutcome(outcome) as typeof outcome };
}

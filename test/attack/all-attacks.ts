import type { Attack } from "./attack";
import { keyReuse } from "./attacks/key-reuse";
import { lostAnswers } from "./attacks/lost-answers";
import { parallelRefunds } from "./attacks/parallel-refunds";
import { sameKey } from "./attacks/same-key";
import { unknownOutcomes } from "./attacks/unknown-outcomes";

/** In the order in which they run. */
export const ATTACKS: readonly Attack[] = [
  lostAnswers,
  sameKey,
  unknownOutcomes,
  parallelRefunds,
  keyReuse,
];

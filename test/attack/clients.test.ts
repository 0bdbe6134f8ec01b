import { keyReuse } from "./attacks/key-reuse";
import { lostAnswers } from "./attacks/lost-answers";
import { parallelRefunds } from "./attacks/parallel-refunds";
import { processorOutage } from "./attacks/processor-outage";
import { processorWebhooks } from "./attacks/processor-webhooks";
import { sameKey } from "./attacks/same-key";
import { unknownOutcomes } from "./attacks/unknown-outcomes";
import { testAttacks } from "./test-attacks";

testAttacks([
  lostAnswers,
  sameKey,
  keyReuse,
  parallelRefunds,
  unknownOutcomes,
  processorWebhooks,
  processorOutage,
]);

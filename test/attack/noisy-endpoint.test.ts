import { noisyEndpoint } from "./attacks/noisy-endpoint";
import { testAttacks } from "./test-attacks";

// What hangs hangs for longer than the machine can be busy: it is about what is over first.
const env = { ONCEPAY_WEBHOOK_TIMEOUT_MS: "300000" };
testAttacks([{ ...noisyEndpoint, options: { ...noisyEndpoint.options, env } }]);

import { queueWipedOnRedis } from "./attacks/queue-wiped";
import { testAttacks } from "./test-attacks";

testAttacks([queueWipedOnRedis]);

import { redisLost } from "./attacks/redis-lost";
import { testAttacks } from "./test-attacks";

testAttacks([redisLost]);

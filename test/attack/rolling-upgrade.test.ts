import { rollingUpgrade } from "./attacks/rolling-upgrade";
import { testAttacks } from "./test-attacks";

testAttacks([rollingUpgrade]);

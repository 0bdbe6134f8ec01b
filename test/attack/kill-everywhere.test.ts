import { killEverywhere } from "./attacks/kill-everywhere";
import { testAttacks } from "./test-attacks";

testAttacks([killEverywhere]);

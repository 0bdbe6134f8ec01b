import { databaseAway } from "./attacks/database-away";
import { testAttacks } from "./test-attacks";

testAttacks([databaseAway]);

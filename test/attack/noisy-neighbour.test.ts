import { noisyNeighbour } from "./attacks/noisy-neighbour";
import { testAttacks } from "./test-attacks";

testAttacks([noisyNeighbour]);

import type { Attack } from "./attack";
import { ensureBuilt } from "./built";
import { type Cluster, clusterOfTestRun, startCluster } from "./cluster";
import { type Installation, startInstallation } from "./installation";
import { STANDARD, runAttack } from "./run-attack";

/** The same in every run: what fails here fails again. */
const SEED = 1;
/** Where it hangs; on a quiet machine each takes some seconds, on a busy one minutes. */
const ATTACK_MS = 900_000;

/** The short form of these attacks, one after the other on one installation. */
export function testAttacks(attacks: readonly Attack[]): void {
  let place: { cluster: Cluster; installation: Installation } | undefined;
  let own: Cluster | undefined;

  beforeAll(async () => {
    await ensureBuilt();
    const witnesses = clusterOfTestRun();
    const isDurable = attacks.some(({ durable }) => durable === true);
    own = isDurable ? await startCluster({ durable: true }) : witnesses;
    const options = { ...STANDARD, ...attacks[0]?.options, seed: SEED, witnesses };
    place = { cluster: own, installation: await startInstallation(own, options) };
  }, ATTACK_MS);

  afterAll(async () => {
    await place?.installation.stop();
    await own?.remove();
  });

  for (const attack of attacks) {
    const skipped = attack.skip?.({ size: "short", from: undefined });
    const title = `${attack.name}: ${attack.promise}`;
    if (skipped !== undefined) {
      // What this machine has not got (a redis-server, say); the title says so wherever results are shown.
      test.skip(`${title} (${skipped})`, () => undefined);
      continue;
    }
    test(
      title,
      async () => {
        if (!place) throw new Error("there is no installation");
        const outcome = await runAttack(attack, place, {
          seed: SEED,
          size: "short",
          operations: undefined,
          duplication: undefined,
          faults: undefined,
          from: undefined,
          progress: () => undefined,
        });
        expect(outcome.violations).toEqual([]);
      },
      ATTACK_MS,
    );
  }
}

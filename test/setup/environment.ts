import NodeEnvironment from "jest-environment-node";

const LOOK_EVERY_MS = 250;
let isTied = false;

function endWithJest(): void {
  if (!process.connected) process.exit(1);
}

/**
 * Node's own, in a worker process that ends with Jest itself. When Jest is killed its workers would go on with the test
 * they have begun, and with everything that test started, for minutes.
 */
export default class Environment extends NodeEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    // Tests see a copy of `process`, which hears nothing: only from here can it be looked at. A listener for "disconnect"
    // would keep the process from ending when Jest is through.
    if (!isTied && process.connected) setInterval(endWithJest, LOOK_EVERY_MS).unref();
    isTied = true;
  }
}

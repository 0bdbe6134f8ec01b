import NodeEnvironment from "jest-environment-node";

let isTied = false;

/**
 * Node's own, in a worker process that ends with Jest itself. When Jest is killed its workers would go on with the test
 * they have begun, and with everything that test started, for minutes.
 */
export default class Environment extends NodeEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    // Tests see a copy of `process`, which hears nothing: only from here can it be listened to.
    if (!isTied && process.connected) process.once("disconnect", () => process.exit(1));
    isTied = true;
  }
}

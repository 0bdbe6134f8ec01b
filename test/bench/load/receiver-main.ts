import { serveTasks } from "../helper";
import { type Receiver, type ReceiverOptions, startReceiver } from "./receiver";

/** The receiver's process. */

let receiver: Receiver | undefined;

serveTasks({
  open: async (options: ReceiverOptions) => {
    receiver?.close();
    receiver = await startReceiver(options);
    return receiver.port;
  },
  counts: () =>
    Promise.resolve({
      accepted: receiver?.accepted() ?? 0,
      duplicates: receiver?.duplicates() ?? 0,
    }),
});

/** Of a try that has not been sent yet, and acts on nothing that a processor has a name for. */
export const NEVER_SENT = { processorRef: null, targetProcessorRef: null, sentAt: null } as const;

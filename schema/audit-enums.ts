import type * as auditLog from "../src/audit-log/entry";
import { OPEN, enumOf } from "./enum-of";

export const AuditAction = enumOf<auditLog.AuditAction>(
  "AuditAction",
  `The kind of thing that the audit log records. ${OPEN}`,
  {
    AUTHENTICATION_REFUSED:
      "A request without a valid API key was refused. Counted by address and key within a minute.",
    ACCESS_REFUSED:
      "A request was refused because its API key does not permit it. Counted within a minute.",
    API_KEY_USED: "An API key was used. Counted within a day, with the first and the last use.",
    READ: "An operator read something. Counted by query field within a minute.",
    WRITE: "A mutation was executed, refused or replayed, or done by the installation itself.",
    COMMAND: "Somebody changed something on the command line.",
  },
);

export const AuditOutcome = enumOf<auditLog.AuditOutcome>(
  "AuditOutcome",
  `What became of something that the audit log records. ${OPEN}`,
  {
    SUCCEEDED: "It was done.",
    REPLAYED: "It had been done before, and its answer was shown again.",
    REFUSED: "It was refused; `errorCode` says why.",
  },
);

export const AuditActorKind = enumOf<auditLog.ActorKind>(
  "AuditActorKind",
  `The kind of caller that the audit log names. ${OPEN}`,
  {
    SECRET: "A merchant's backend, with a secret key.",
    PUBLISHABLE: "A merchant's frontend, with a publishable key.",
    RESTRICTED: "A partner or a program, with a restricted key.",
    OPERATOR: "A merchant's operator.",
    PLATFORM: "An operator of the installation.",
    ANONYMOUS: "Somebody without a valid API key, or several callers counted together.",
    COMMAND_LINE: "Somebody at the command line of the installation.",
    SYSTEM: "The installation itself, as it is configured.",
  },
);

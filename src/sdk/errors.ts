import type { ErrorCode } from "./enums";
import type { ClientErrorCode } from "./oncepay-error";

export interface ErrorMeaning {
  /** The HTTP status of an answer without data; undefined for what the client itself says. */
  readonly status?: number;
  /** Whether the same call, with the same idempotency key, may succeed when it is repeated. The client does so. */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly whatToDo: string;
}

/** Every code that an OncepayError can have by now. A later API may send others, so look a code up with care. */
export const ERRORS: Readonly<Record<ErrorCode | ClientErrorCode, ErrorMeaning>> = {
  BAD_USER_INPUT: {
    status: 400,
    retryable: false,
    meaning: "The input is wrong; details.field says where. The key is unused.",
    whatToDo: "Correct the input and call again.",
  },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    meaning: "The API key is missing, unknown, expired or revoked.",
    whatToDo: "Use a valid key.",
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    meaning: "The API key is not permitted to do this.",
    whatToDo: "Use a key with the scope that is asked for.",
  },
  NOT_FOUND: {
    status: 404,
    retryable: false,
    meaning: "The merchant has no such object.",
    whatToDo: "Check the id, and the merchant that the key belongs to.",
  },
  IDEMPOTENCY_KEY_IN_USE: {
    status: 409,
    retryable: true,
    meaning: "The first request with this key is still being executed.",
    whatToDo: "Call again with the same key.",
  },
  INVALID_STATE: {
    status: 409,
    retryable: false,
    meaning: "The object's state does not allow it; details say what the state is.",
    whatToDo: "Read the object, and offer what its allowedActions allow.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    retryable: false,
    meaning: "The key was used for a different input.",
    whatToDo: "Correct the caller: one key stands for one intention.",
  },
  DUPLICATE_REFERENCE: {
    status: 422,
    retryable: false,
    meaning:
      "Another payment holds this merchantReference, and one of the two wants it for itself; details.id is the other.",
    whatToDo: "Go on with the payment that there is.",
  },
  AMOUNT_TOO_LARGE: {
    status: 422,
    retryable: false,
    meaning: "More than can be captured or refunded; details say how much remains.",
    whatToDo: "Ask for no more than what remains.",
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    meaning: "Too much was asked for; nothing was executed.",
    whatToDo: "Call again with the same key after retryAfterMs, and less often.",
  },
  UNAVAILABLE: {
    status: 503,
    retryable: true,
    meaning:
      "Part of the API is away; details.mayHaveExecuted says whether it may have been executed.",
    whatToDo: "Call again with the same key after retryAfterMs.",
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    meaning: "An unexpected error in the API; it may have been executed.",
    whatToDo: "Call again with the same key, and report it with its requestId.",
  },
  NETWORK_ERROR: {
    retryable: true,
    meaning: "The connection failed.",
    whatToDo: "Call again.",
  },
  TIMEOUT: {
    retryable: true,
    meaning: "There was no answer in time.",
    whatToDo: "Call again.",
  },
  HTTP_ERROR: {
    retryable: false,
    meaning: "Something in front of the API answered; retryable says whether it may pass.",
    whatToDo: "Check the URL and the proxies on the way.",
  },
  BAD_RESPONSE: {
    retryable: false,
    meaning: "The answer is not what the API would say.",
    whatToDo: "Check the URL and the proxies on the way.",
  },
  ABORTED: {
    retryable: false,
    meaning: "Your signal ended the call; a mutation may have been executed nevertheless.",
    whatToDo: "Repeat a mutation with the same key if its outcome matters.",
  },
  OUTCOME_UNKNOWN: {
    retryable: true,
    meaning: "The answer was lost: the mutation may or may not have been executed.",
    whatToDo: "Say that it is still being checked, and call again with the same key.",
  },
};

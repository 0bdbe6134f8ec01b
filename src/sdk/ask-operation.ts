import type { OncepayError } from "./oncepay-error";
import type { MutationOptions, Settings } from "./settings";

export interface LostCall {
  readonly operation: string;
  readonly idempotencyKey: string;
  readonly tries: number;
  readonly deadlineAt: number;
  readonly options: MutationOptions;
  readonly error: OncepayError;
}
export type Found = { status: "SUCCEEDED"; payload: unknown } | { status: "FAILED" | "UNKNOWN"; error: OncepayError };
export async function askOperation(_s: Settings, l: LostCall): Promise<Found> { return { status: "UNKNOWN", error: l.error } }

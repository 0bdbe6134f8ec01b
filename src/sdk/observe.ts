import { shapeOf } from "./document-shape";
import { OncepayError } from "./oncepay-error";
import type { MutationOptions } from "./settings";
import type { Connection } from "./subscribe";
import type { Transport, TransportRequest, TransportResult } from "./transport";

/** What one operation of a GraphQL client may say beside its document and variables. */
export interface OperationOptions extends MutationOptions {
  /** Whether a subscription is connected; without a connection what was last heard may no longer be true. */
  readonly onConnection?: (connection: Connection) => void;
}

export interface Observer {
  readonly next: (result: TransportResult) => void;
  readonly error: (error: unknown) => void;
  readonly complete: () => void;
}

/** Sends whatever a GraphQL client sends and tells its observer; the function given ends it. */
export function observe(
  transport: Transport,
  { request, options }: { request: TransportRequest; options: OperationOptions | undefined },
  observer: Observer,
): () => void {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  options?.signal?.addEventListener("abort", abort);
  if (options?.signal?.aborted) abort();
  const { signal } = controller;
  const next = (result: TransportResult): void => {
    if (!signal.aborted) observer.next(result);
  };
  const isSubscription = shapeOf(request.query, request.operationName).kind === "subscription";
  const sent = isSubscription
    ? transport.subscribe(request, { onConnection: options?.onConnection, signal, onNext: next })
    : transport.execute(request, { ...options, signal }).then(next);
  sent
    .then(observer.complete, (error: unknown) => {
      const refusals = error instanceof OncepayError ? error.errors : undefined;
      if (refusals === undefined) return observer.error(error);
      next({ data: null, errors: refusals });
      observer.complete();
    })
    .finally(() => options?.signal?.removeEventListener("abort", abort));
  return abort;
}

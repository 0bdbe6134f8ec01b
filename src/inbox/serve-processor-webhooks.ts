import type { FastifyInstance } from "fastify";
import { isDatabaseAway } from "../db/errors";
import { Failure, type FailureCode } from "../failures";
import type { Log } from "../observability/log";
import { describeError } from "../observability/describe-error";
import { type WebhookReceiver, receiveProcessorWebhook } from "./receive-processor-webhook";

// Stripe tells of a whole object, with lists in it.
const BODY_MAX_BYTES = 512 * 1_024;

/**
 * Where card processors send their webhooks: those of merchants' accounts to
 * `POST /processors/:processor/:accountId/webhooks`, those of the installation's own to
 * `POST /processors/:processor/webhooks`. 200 means stored, 4xx that it never will be, and anything else: send it again.
 */
export async function serveProcessorWebhooks(
  server: FastifyInstance,
  inbox: WebhookReceiver & { readonly log: Log },
): Promise<void> {
  await server.register((scope, _options, done) => {
    // The signature is over the bytes, so nothing may parse them first.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, parsed) => {
      parsed(null, body);
    });
    for (const path of [
      "/processors/:processor/webhooks",
      "/processors/:processor/:accountId/webhooks",
    ]) {
      scope.post<{ Params: Params; Body: string | undefined }>(
        path,
        { bodyLimit: BODY_MAX_BYTES },
        async ({ headers, params, body = "" }, reply) => {
          try {
            const receipt = await receiveProcessorWebhook(inbox, { ...params, headers, body });
            return await reply.code(200).send(receipt ?? { received: true });
          } catch (error) {
            const [status, message] = refusal(error);
            if (status === 500) inbox.log.error({ error: describeError(error) }, NOT_STORED);
            return reply.code(status).send({ error: message });
          }
        },
      );
    }
    done();
  });
}

interface Params {
  readonly processor: string;
  readonly accountId?: string;
}

const NOT_STORED = "storing a processor's webhook failed";

const STATUSES: Partial<Record<FailureCode, number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  UNAVAILABLE: 503,
};

function refusal(error: unknown): [number, string] {
  if (error instanceof Failure) return [STATUSES[error.code] ?? 500, error.message];
  if (isDatabaseAway(error)) return [503, "not stored; send it again"];
  return [500, "not stored; send it again"];
}

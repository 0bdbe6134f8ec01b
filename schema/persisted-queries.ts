import type { FastifyReply, FastifyRequest } from "fastify";
import { httpRequests } from "../src/observability/metrics";
import { chooseMediaType } from "./media-type";

/*
 * Automatic persisted queries are not kept: whose texts may be named by a hash is for the installation to decide
 * (trusted-documents.ts), not for whoever asks first. Apollo's persisted query link and urql's exchange begin with a
 * hash all the same, and send the text when they get this answer, to the letter. It is a word between such a link and
 * us, of no operation, so its code is none of the ErrorCode of the contract: no program but the link ever sees it.
 */
export class PersistedQueryNotSupported extends Error {}

const CODE = "PERSISTED_QUERY_NOT_SUPPORTED";

export function sendNotSupported(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const extensions = {
    code: CODE,
    retryable: false,
    retryAfterMs: null,
    requestId: request.id,
    details: {},
  };
  httpRequests.inc({ code: CODE });
  const mediaType = chooseMediaType(request.headers.accept) ?? "application/json";
  return reply
    .code(200)
    .header("content-type", `${mediaType}; charset=utf-8`)
    .send(JSON.stringify({ errors: [{ message: "PersistedQueryNotSupported", extensions }] }));
}

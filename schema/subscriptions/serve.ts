import type { FastifyReply, FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { App } from "../../src/app";
import type { Authenticator } from "../../src/merchants/authenticate";
import { isPublishable } from "../access";
import type { Context } from "../context";
import { limitedOf, showStanding } from "../limited";
import { acceptsEvents, chooseMediaType } from "../media-type";
import { secretIn } from "../presented-key";
import { type AskedDocument, MalformedRequest } from "../request-body";
import { findSubscription } from "./find-subscription";
import { createStreams } from "./open-streams";
import { serveStream } from "./stream";

export interface Subscriptions {
  /** Undefined for whatever is not to be answered as a stream. When it resolves, the stream runs by itself. */
  readonly serve: (
    request: FastifyRequest,
    to: { readonly reply: FastifyReply; readonly context: Context },
  ) => Promise<void> | undefined;
  /** Ends what runs, and opens nothing more. */
  readonly drain: () => void;
}

export function createSubscriptions(
  app: App,
  authenticator: Authenticator,
  schema: GraphQLSchema,
): Subscriptions {
  const streams = createStreams(app, authenticator);
  return {
    drain: streams.drain,
    serve: (request, { reply, context }) => {
      const { accept, authorization } = request.headers;
      if (request.method !== "POST" || !acceptsEvents(accept)) return undefined;
      const subscription = findSubscription(request.body as AskedDocument);
      if (!subscription) {
        // Clients name event streams beside the types that queries are answered in.
        if (chooseMediaType(accept)) return undefined;
        throw new MalformedRequest(406, "Only subscriptions are answered as text/event-stream.");
      }
      const { caller } = context;
      const limited = limitedOf(request);
      const owner = {
        secret: secretIn(authorization) ?? "",
        keyId: caller?.id ?? "",
        address: request.ip,
        merchantId: caller?.merchantId ?? "",
        clientSecretFor: caller && isPublishable(caller) ? context.clientSecretFor : undefined,
      };
      const stream = {
        ...{ schema, streams, context, owner, subscription },
        showStanding: () => showStanding(reply, limited.standing()),
        leave: limited.leave,
      };
      return serveStream(stream, reply);
    },
  };
}

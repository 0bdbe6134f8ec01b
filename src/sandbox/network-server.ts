import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type KeyHolder, allNetworks, keyHolder, networkOf } from "./accounts";
import { routeAdmin } from "./admin-routes";
import { routeChallenges } from "./challenge-routes";
import { routeCharges } from "./charge-routes";
import { BadRequest, sendError, sendJson } from "./http-exchange";
import type { Network } from "./network";
import { sendList, sendSettlementFile } from "./settlement-routes";

const LISTS = /^\/v1\/(movements|settlement)\?/;

/**
 * Plain node:http: with latency set to 0 the network shares two cores with the system that it tests, and must cost next
 * to nothing.
 */
export function createNetworkServer(network: Network): Server {
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    route(network, request, response).catch((error: unknown) => {
      reportFailure(network, response, error);
    });
  });
  // Requests may hang for as long as their client likes: that is one of the available faults.
  server.requestTimeout = 0;
  return server;
}

async function route(
  whole: Network,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? "/";
  const exchange = { request, response };
  const holder = keyHolder(whole, request);
  const network = networkOf(whole, holder?.account ?? "");
  if (target.startsWith("/v1/")) {
    if (network.outage) return void request.socket.destroy();
    if (!holder) return sendError(response, 401, "There is no such key.");
    return serve(network, holder, exchange);
  }
  if (target.startsWith("/3ds/")) {
    const path = pathAfter(target, "/3ds/");
    const [id = ""] = path.split("/");
    const whose = allNetworks(whole).find(({ state }) => state.challenges.has(id));
    return routeChallenges(whose ?? whole, path, exchange);
  }
  if (target.startsWith("/admin/")) {
    return routeAdmin(network, new URL(target, "http://network"), exchange);
  }
  if (target === "/health/live") {
    return sendJson(response, 200, { status: "live", instance: network.instanceId });
  }
  sendError(response, 404, "No such route.");
}

async function serve(
  network: Network,
  { account: id, livemode }: KeyHolder,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { request, response } = exchange;
  const { method, url: target = "/" } = request;
  if (method === "GET" && target === "/v1/account") {
    return sendJson(response, 200, { id, livemode });
  }
  if (method === "GET" && LISTS.test(target)) {
    const url = new URL(target, "http://network");
    const send = url.pathname === "/v1/movements" ? sendList : sendSettlementFile;
    return send(network, url, response);
  }
  return routeCharges(network, pathAfter(target, "/v1/"), exchange);
}

function pathAfter(target: string, prefix: string): string {
  const query = target.indexOf("?");
  return target.slice(prefix.length, query === -1 ? undefined : query);
}

function reportFailure(network: Network, response: ServerResponse, error: unknown): void {
  const known = error instanceof BadRequest;
  if (!known) network.log.error({ err: error }, "a request failed");
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (!known) return sendError(response, 500, "Something went wrong.");
  // The unread part of the body would otherwise be taken for the next request.
  if (error.status === 413) response.setHeader("connection", "close");
  sendError(response, error.status, error.message);
}

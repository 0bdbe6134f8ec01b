import type { IncomingMessage, ServerResponse } from "node:http";
import { renderChallengePage } from "./challenge-page";
import { endChallenge } from "./challenges";
import { sendError, sendText } from "./http-exchange";
import type { Network } from "./network";
import type { Operation } from "./operation";

/** The shopper's side: GET /3ds/:id shows the challenge, its buttons post /complete and /fail. */
export async function routeChallenges(
  network: Network,
  path: string,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { request, response } = exchange;
  const [challengeId = "", ending, rest] = path.split("/");
  if (rest !== undefined) return sendError(response, 404, "No such route.");
  const posted = request.method === "POST";
  if (request.method === "GET" && ending === undefined) {
    const operation = network.state.challenges.get(challengeId);
    if (operation === undefined) return sendError(response, 404, "No such challenge.");
    return sendPage(operation, response);
  }
  if (!posted || (ending !== "complete" && ending !== "fail")) {
    return sendError(response, 404, "No such route.");
  }
  request.resume();
  const result = ending === "complete" ? "completed" : "failed";
  const operation = await endChallenge(network, challengeId, result);
  if (operation === undefined) return sendError(response, 404, "No such challenge.");
  sendBack(operation, response);
}

function sendPage(operation: Operation, response: ServerResponse): void {
  response.setHeader("cache-control", "no-store");
  sendText(response, 200, {
    type: "text/html; charset=utf-8",
    text: renderChallengePage(operation),
  });
}

/** Back to the merchant's return URL, with the outcome for display; what counts is a look-up, not this. */
function sendBack(operation: Operation, response: ServerResponse): void {
  const returnUrl = operation.challenge?.returnUrl;
  if (returnUrl === undefined) return sendPage(operation, response);
  const target = new URL(returnUrl);
  const succeeded = operation.status === "succeeded";
  target.searchParams.set("redirect_status", succeeded ? "succeeded" : "failed");
  response.writeHead(303, { location: target.toString(), "content-length": 0 });
  response.end();
}

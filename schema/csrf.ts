import type { IncomingHttpHeaders } from "node:http";
import { MalformedRequest } from "./request-body";

/*
 * A page of any origin can have a browser send a "simple" request, which the browser announces to nobody first. Nothing
 * of ours is authenticated by what a browser adds by itself, so such a request is a stranger's; it is refused all the
 * same, by the rules of Apollo's csrfPrevention: a request must have something that is never simple.
 *
 * An API key counts as that. Stock clients ask queries by GET with nothing but their key, and no page of another origin
 * can send an `Authorization: Bearer …` without asking first; what a browser knows of passwords it sends as Basic.
 */
const PREFLIGHTED = ["x-apollo-operation-name", "apollo-require-preflight"] as const;

const SIMPLE_TYPE = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

export function refuseSimple(headers: IncomingHttpHeaders): void {
  const type = headers["content-type"];
  if (type !== undefined && type !== "" && !SIMPLE_TYPE.test(type)) return;
  if (PREFLIGHTED.some((name) => (headers[name] ?? "") !== "")) return;
  if (/^bearer /i.test(headers.authorization ?? "")) return;
  throw new MalformedRequest(
    400,
    "Queries by GET need an API key, a content type of application/json, or a header apollo-require-preflight that is not empty.",
  );
}

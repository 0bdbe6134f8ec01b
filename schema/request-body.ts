import { Failure } from "../src/failures";
import type { DocumentRequest } from "./trusted-documents";

/*
 * What is asked for, as GraphQL over HTTP has it: the object in the body of a POST, or the parameters in the address of
 * a GET. What is no GraphQL request at all is refused before Apollo sees it.
 */

export interface AskedDocument extends DocumentRequest {
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Not a GraphQL request: it gets its HTTP status whatever it accepts. */
export class MalformedRequest extends Failure {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super("BAD_USER_INPUT", message);
  }
}

export function readBody(body: unknown): AskedDocument {
  if (!isObject(body)) throw new MalformedRequest(400, "The body must be a JSON object.");
  return checked(body);
}

const PARAMETERS = ["query", "documentId", "operationName"] as const;
const JSON_PARAMETERS = ["variables", "extensions"] as const;

export function readAddress(url: string): AskedDocument {
  const at = url.indexOf("?");
  const search = new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
  const asked: Record<string, unknown> = {};
  for (const name of [...PARAMETERS, ...JSON_PARAMETERS]) {
    const [value, another] = search.getAll(name);
    if (another !== undefined) {
      throw new MalformedRequest(400, `\`${name}\` may be in the address only once.`);
    }
    if (value !== undefined) asked[name] = value;
  }
  for (const name of JSON_PARAMETERS) {
    if (typeof asked[name] === "string") asked[name] = parsed(name, asked[name]);
  }
  return checked(asked);
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedRequest(400, `\`${name}\` in the address must be JSON.`);
  }
}

function checked(asked: Record<string, unknown>): AskedDocument {
  for (const name of JSON_PARAMETERS) {
    const value = asked[name];
    if (value !== undefined && value !== null && !isObject(value)) {
      throw new MalformedRequest(400, `\`${name}\` must be an object.`);
    }
  }
  if (!asksByHash(asked)) checkDocument(asked);
  const { operationName } = asked;
  if (operationName !== undefined && operationName !== null && typeof operationName !== "string") {
    throw new MalformedRequest(400, "`operationName` must be a string.");
  }
  return asked;
}

function checkDocument({ query, documentId }: Record<string, unknown>): void {
  const isGiven = (text: unknown): boolean => typeof text === "string" && text !== "";
  if (documentId === undefined && !isGiven(query)) {
    throw new MalformedRequest(400, "`query` must be a string that contains a GraphQL document.");
  }
  if (documentId !== undefined && (query !== undefined || !isGiven(documentId))) {
    throw new MalformedRequest(
      400,
      "`documentId` must be a string and takes the place of `query`.",
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An automatic persisted query without its text: whoever asks so believes that we keep the texts of others. */
export function asksByHash({ query, documentId, extensions }: Partial<AskedDocument>): boolean {
  if (query !== undefined || documentId !== undefined || !isObject(extensions)) return false;
  return isObject(extensions["persistedQuery"]);
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ZodType } from "zod";

const BODY_BYTES_MAX = 64 * 1024;

/** A request that cannot be understood; nothing was done for it. */
export class BadRequest extends Error {
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, { type: "application/json", text: JSON.stringify(value) });
}

export function sendText(
  response: ServerResponse,
  status: number,
  content: { readonly type: string; readonly text: string },
): void {
  const body = Buffer.from(content.text);
  response.writeHead(status, { "content-type": content.type, "content-length": body.length });
  response.end(body);
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  const code = status === 404 ? "not_found" : status >= 500 ? "internal" : "invalid_request";
  sendJson(response, status, { error: { code, message } });
}

/** The JSON body, checked; throws BadRequest with every complaint in it. */
export async function readJson<T>(request: IncomingMessage, schema: ZodType<T>): Promise<T> {
  const text = await readBody(request);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadRequest("The body is not JSON.");
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const complaints = checked.error.issues.map(
    (issue) => `${issue.path.join(".") || "body"}: ${issue.message}`,
  );
  throw new BadRequest(complaints.join("; "));
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) {
        request.pause();
        reject(new BadRequest("The body is too large.", 413));
        return;
      }
      chunks.push(chunk);
    });
    request.on("end", () => {
      resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString());
    });
    request.on("error", reject);
  });
}

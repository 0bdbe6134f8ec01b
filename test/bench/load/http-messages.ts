/**
 * Cuts a stream of HTTP/1.1 messages, requests or answers, each with a content-length or without a body.
 * It knows no more of HTTP than that: the load generator and the receiver must cost next to nothing.
 */
export function createMessageReader(
  onMessage: (head: string, body: Buffer) => void,
): (chunk: Buffer) => void {
  let kept: Buffer | undefined;
  return (chunk) => {
    let bytes = kept ? Buffer.concat([kept, chunk]) : chunk;
    kept = undefined;
    for (;;) {
      const headEnd = bytes.indexOf("\r\n\r\n");
      if (headEnd < 0) break;
      const head = bytes.toString("latin1", 0, headEnd);
      const end = headEnd + 4 + contentLength(head);
      if (bytes.length < end) break;
      onMessage(head, bytes.subarray(headEnd + 4, end));
      if (bytes.length === end) return;
      bytes = bytes.subarray(end);
    }
    kept = bytes;
  };
}

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

function contentLength(head: string): number {
  const found = CONTENT_LENGTH.exec(head)?.[1];
  if (found === undefined && CHUNKED.test(head)) throw new Error("a message in chunks");
  return Number(found ?? 0);
}

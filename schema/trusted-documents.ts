import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { EdgeConfig } from "../src/edge/settings";
import { Failure } from "../src/failures";
import type { Caller } from "../src/merchants/caller";
import { DOCUMENTS } from "../src/web/console/documents";
import { ConfigError } from "../src/process/settings";

/**
 * Documents that an installation trusts: those that its own clients were built with. A request may name one by its
 * hash (`documentId`, as the persisted documents of GraphQL over HTTP have it), and where only trusted ones are
 * allowed, every other document is refused before it is parsed. A text whose hash is known is as trusted as the hash.
 */
export interface TrustedDocuments {
  /** The text that a request stands for; throws what to answer when it may not be asked. */
  textOf(request: DocumentRequest, caller: Caller | undefined): string;
}

export interface DocumentRequest {
  readonly query?: string | undefined;
  readonly documentId?: string | undefined;
}

const PREFIX = "sha256:";

export function documentIdOf(text: string): string {
  return PREFIX + createHash("sha256").update(text).digest("hex");
}

const fileShape = z.record(z.string(), z.string());

type Config = Pick<EdgeConfig, "trustedDocuments" | "trustedDocumentsOnly" | "console">;

/** Reads the files once. A hash that is not its document's stops the process: it would be found by nobody. */
export function loadTrustedDocuments(config: Config): TrustedDocuments {
  const { trustedDocuments: files, trustedDocumentsOnly: only } = config;
  if (only !== "nobody" && files.length === 0) {
    throw new ConfigError(
      "ONCEPAY_TRUSTED_DOCUMENTS_ONLY: there are no trusted documents; name their files in ONCEPAY_TRUSTED_DOCUMENTS.",
    );
  }
  const texts = new Map(files.flatMap(readFile));
  const mustTrust = (caller: Caller | undefined): boolean =>
    only === "everybody" || (only === "publishable" && caller?.kind === "PUBLISHABLE");
  const ofConsole = new Set<string>(config.console ? Object.values(DOCUMENTS) : []);
  const isTrusted = (text: string, caller: Caller | undefined): boolean =>
    texts.has(documentIdOf(text)) ||
    (caller !== undefined && caller.kind !== "PUBLISHABLE" && ofConsole.has(text));
  return {
    textOf: ({ query, documentId }, caller) => {
      if (documentId !== undefined) {
        const text = texts.get(documentId);
        if (text === undefined) {
          throw new Failure("BAD_USER_INPUT", "There is no trusted document with this id.", {
            field: "documentId",
          });
        }
        return text;
      }
      const text = query ?? "";
      if (mustTrust(caller) && !isTrusted(text, caller)) {
        throw new Failure("FORBIDDEN", "Only trusted documents may be used here.");
      }
      return text;
    },
  };
}

function readFile(file: string): [string, string][] {
  const complain = (what: string): ConfigError =>
    new ConfigError(`ONCEPAY_TRUSTED_DOCUMENTS: ${file} ${what}.`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw complain("cannot be read, or is not JSON");
  }
  const parsed = fileShape.safeParse(content);
  if (!parsed.success) throw complain("is not an object of hashes and documents");
  return Object.entries(parsed.data).map(([hash, text]) => {
    // Some tools leave the prefix out.
    const id = hash.startsWith(PREFIX) ? hash : PREFIX + hash;
    if (id !== documentIdOf(text)) throw complain(`has a document whose hash is not ${hash}`);
    return [id, text];
  });
}

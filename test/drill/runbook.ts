/** The runbook as a program reads it: paragraphs by their anchors, and the commands in each. */

export interface Block {
  /** tell: to look; mend: to do something; set: what the others expect to be set. */
  readonly kind: "tell" | "mend" | "set";
  readonly script: string;
}

const BLOCK = /^```sh(?: (tell|mend))?\n([\s\S]*?)^```$/gm;

/** Each paragraph's text by the anchor that leads to it. */
export function paragraphsOf(markdown: string): ReadonlyMap<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [heading = ""] = part.split("\n");
      return [anchorOf(heading), part];
    }),
  );
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

export function blocksOf(paragraph: string): Block[] {
  return [...paragraph.matchAll(BLOCK)].map(([, kind, script = ""]) => ({
    kind: (kind ?? "set") as Block["kind"],
    script,
  }));
}

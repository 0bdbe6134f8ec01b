/** What can be asked about what an entry is about, by the kind of its id. */
const DOCUMENTS_OF = { att: "attempt", evt: "event", whd: "delivery" } as const;

export function subjectDocument(id: string): "attempt" | "event" | "delivery" | undefined {
  const prefix = id.slice(0, id.indexOf("_"));
  return prefix in DOCUMENTS_OF ? DOCUMENTS_OF[prefix as keyof typeof DOCUMENTS_OF] : undefined;
}

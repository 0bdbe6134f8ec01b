/*
 * CSV as RFC 4180 has it: fields between commas, and those with commas, quotes or line breaks between quotes, a quote in
 * them doubled. A record is given as text that has been cut where it ends (`isWhole`).
 */

/** Whether every quote of a text is closed, so that a record may end where it ends. */
export function isWhole(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes += 1;
  return quotes % 2 === 0;
}

const QUOTED = /"((?:[^"]|"")*)"(?=,|$)/y;

/** The fields of a record; undefined where its quotes are anywhere but around a field. */
export function splitFields(record: string): string[] | undefined {
  if (!record.includes('"')) return record.split(",");
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (record[at] === '"') {
      QUOTED.lastIndex = at;
      const found = QUOTED.exec(record);
      if (!found) return undefined;
      fields.push((found[1] ?? "").replaceAll('""', '"'));
      at = QUOTED.lastIndex;
    } else {
      const comma = record.indexOf(",", at);
      const end = comma < 0 ? record.length : comma;
      const field = record.slice(at, end);
      if (field.includes('"')) return undefined;
      fields.push(field);
      at = end;
    }
    if (at >= record.length) return fields;
    at += 1;
  }
}

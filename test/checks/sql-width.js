/**
 * SQL is read more often than written: no line of it is longer than what the printer allows the code around it, which
 * leaves the inside of a template alone.
 */
const COLUMNS_MAX = 100;

// Statements, and pieces of them: conditions, lists of columns.
const IS_SQL =
  /^\s*(--|select\b|insert into\b|update \w+ (set|\w+)|delete from\b|with \w+ as\b|from \w+|join \w+|and \w+\.|alter \w+|create \w+)|\bas "\w+"/;

module.exports = {
  meta: {
    type: "layout",
    schema: [],
    messages: { long: `A line of SQL has {{ columns }} columns; ${COLUMNS_MAX} are the most.` },
  },
  create(context) {
    const { lines } = context.sourceCode;
    const check = (node, text) => {
      if (!IS_SQL.test(text)) return;
      for (let line = node.loc.start.line; line <= node.loc.end.line; line += 1) {
        const columns = lines[line - 1].length;
        if (columns <= COLUMNS_MAX) continue;
        const loc = { start: { line, column: COLUMNS_MAX }, end: { line, column: columns } };
        context.report({ loc, messageId: "long", data: { columns } });
      }
    };
    return {
      TemplateLiteral: (node) => check(node, node.quasis.map(({ value }) => value.raw).join("?")),
      Literal: (node) => typeof node.value === "string" && check(node, node.value),
    };
  },
};

/*
 * Imported first by every program, before anything that an old Node cannot load: "SyntaxError: Unexpected token" tells
 * nobody what to do. The only module that does something when it is loaded.
 */
const WANTED = [20, 19];
const found = process.versions.node.split(".").map(Number);

if (found[0]! < WANTED[0]! || (found[0] === WANTED[0] && found[1]! < WANTED[1]!)) {
  process.stderr.write(
    `oncepay needs Node ${WANTED.join(".")} or newer, but this is Node ${process.versions.node}.\n`,
  );
  process.exit(78);
}

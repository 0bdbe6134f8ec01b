/*
 * Compiles what has changed, or says why nothing can be run: before any program of this project, and by hand as
 * `npm run build`. Plain JavaScript of the kind that every Node can read, because it is what runs first on a machine.
 *
 *   node src/dev/build.js          compiles without checking types, which takes three times as long
 *   node src/dev/build.js --full   with types and declarations, for what is published
 *   node src/dev/build.js --start  and then starts everything, in this process
 */
var crypto = require("crypto");
var fs = require("fs");
var path = require("path");
var childProcess = require("child_process");

var CHECKOUT = path.resolve(__dirname, "../..");
var DIST = path.join(CHECKOUT, "dist");
/** What browsers get. No source file has the name of what is here. */
var WEB = path.join(DIST, "web");
var PAGES = { checkout: "src/web/page/checkout.ts", console: "src/web/console/console.tsx" };
var STAMP = path.join(DIST, ".built-from");
var LOCK = path.join(CHECKOUT, "node_modules/.cache/oncepay-build.lock");
/** Far longer than a build takes. */
var STALE_AFTER_MS = 120000;
var WAIT_MS = 100;
var WAITS_BEFORE_WORD = 10;
var SOURCES = ["src", "schema", "workers", "migrations"];
var ALSO = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"];
var OUTPUT = /(\.js|\.js\.map|\.d\.ts)$/;

function fail(text, code) {
  process.stderr.write(text + "\n");
  process.exit(code);
}

function checkNode() {
  var wanted = /(\d+)\.(\d+)/.exec(require("../../package.json").engines.node);
  var found = /^(\d+)\.(\d+)/.exec(process.versions.node);
  var isOld = +found[1] < +wanted[1] || (+found[1] === +wanted[1] && +found[2] < +wanted[2]);
  if (!isOld) return;
  fail("oncepay needs Node " + wanted[0] + " or newer, and this is Node " + found.input + ".", 78);
}

function checkPackages() {
  if (fs.existsSync(path.join(CHECKOUT, "node_modules/pg"))) return;
  fail("The packages are not installed: run npm ci first.", 78);
}

/** Only building needs it: where dist is complete, the development packages may have been removed. */
function checkCompiler() {
  if (fs.existsSync(path.join(CHECKOUT, "node_modules/typescript"))) return;
  fail("TypeScript is missing, and something has to be built: run npm ci --include=dev.", 78);
}

/** Only a word before the time that building takes: the start itself decides, when it takes the lock. */
function checkNotRunning(args) {
  var built = path.join(DIST, "src/dev/start-lock.js");
  if (!fs.existsSync(built) || args.indexOf("--help") !== -1 || args.indexOf("-h") !== -1) return;
  var given = args.indexOf("--directory");
  var directory = given === -1 ? path.join(CHECKOUT, ".oncepay") : args[given + 1];
  var message;
  try {
    message = require(built).alreadyRunningIn(path.resolve(String(directory), "start.lock"));
  } catch {
    // An older build, which is about to be replaced.
    return;
  }
  if (message !== undefined) fail(message, 1);
}

function filesIn(directory) {
  return fs.readdirSync(path.join(CHECKOUT, directory)).reduce(function (files, name) {
    var file = path.join(directory, name);
    var isDirectory = fs.statSync(path.join(CHECKOUT, file)).isDirectory();
    if (isDirectory) return files.concat(filesIn(file));
    return /\.(tsx?|css)$/.test(name) ? files.concat(file) : files;
  }, []);
}

/** What the output depends on, as cheaply as it can be seen. */
function describeSources(isFull) {
  var files = SOURCES.reduce(function (all, directory) {
    return all.concat(filesIn(directory));
  }, []);
  var lines = files.map(function (file) {
    var stat = fs.statSync(path.join(CHECKOUT, file));
    return file + " " + stat.size + " " + stat.mtimeMs;
  });
  // By content, because `npm prune` writes the lock file again as it was.
  var others = ALSO.map(function (file) {
    var content = fs.readFileSync(path.join(CHECKOUT, file));
    return file + " " + crypto.createHash("sha256").update(content).digest("hex");
  });
  return (isFull ? "full\n" : "quick\n") + lines.concat(others).join("\n") + "\n";
}

/** What was built with types is good for running, too. */
function isBuilt(isFull) {
  var kept = fs.existsSync(STAMP) ? fs.readFileSync(STAMP, "utf8") : "";
  return kept === describeSources(true) || (!isFull && kept === describeSources(false));
}

/** Two commands at once compile once. */
function withLock(work) {
  fs.mkdirSync(path.dirname(LOCK), { recursive: true });
  waitForLock();
  // The compiler hears Ctrl-C as well and ends; then so do we, and give the lock back.
  var signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  process.once("exit", unlock);
  signals.forEach(function (signal) {
    process.once(signal, endNow);
  });
  work();
  signals.forEach(function (signal) {
    process.removeListener(signal, endNow);
  });
  process.removeListener("exit", unlock);
  unlock();
}

function endNow() {
  process.exit(1);
}

function waitForLock() {
  var pause = new Int32Array(new SharedArrayBuffer(4));
  for (var tries = 0; !takeLock(); tries += 1) {
    var holder = readHolder(LOCK);
    if (tries === WAITS_BEFORE_WORD && holder) {
      process.stderr.write(
        "Waiting for another build (process " + holder + "; " + LOCK + ") ...\n",
      );
    }
    Atomics.wait(pause, 0, 0, WAIT_MS);
  }
}

/** After a takeover that went wrong, the lock may be somebody else's by now. */
function unlock() {
  if (readHolder(LOCK) === process.pid) fs.rmSync(LOCK, { force: true });
}

function takeLock() {
  var draft = LOCK + "." + process.pid;
  fs.writeFileSync(draft, String(process.pid));
  try {
    if (tryLink(draft, LOCK)) return true;
    if (!isHeld(LOCK)) clearStale();
    return false;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** A link appears with its content, so a lock that is empty is never one that is about to be written. */
function tryLink(from, to) {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** Renaming takes it away from exactly one of several that find it stale at the same time. */
function clearStale() {
  var aside = LOCK + ".stale-" + process.pid;
  try {
    fs.renameSync(LOCK, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  // Somebody else took over between our check and the renaming: the lock is theirs.
  if (isHeld(aside)) tryLink(aside, LOCK);
  fs.rmSync(aside, { force: true });
}

/**
 * Not held: the lock of a process that is gone, an empty one, and one with our own id, which in a container is that of
 * the previous run. Any other process that was given the id meanwhile is told from a build by its command line.
 */
function isHeld(file) {
  var pid = readHolder(file);
  if (!pid || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything else means that it lives, and belongs to somebody else.
    if (error.code === "ESRCH") return false;
  }
  return /build\.js/.test(commandLineOf(pid)) || ageMsOf(file) < STALE_AFTER_MS;
}

/** NaN when the file is gone or damaged. */
function readHolder(file) {
  try {
    return parseInt(fs.readFileSync(file, "utf8"), 10);
  } catch {
    return NaN;
  }
}

function commandLineOf(pid) {
  try {
    return fs.readFileSync("/proc/" + pid + "/cmdline", "utf8");
  } catch {
    var run = childProcess.spawnSync("ps", ["-ww", "-o", "command=", "-p", String(pid)]);
    return String(run.stdout || "");
  }
}

function ageMsOf(file) {
  try {
    return Date.now() - fs.statSync(file).mtimeMs;
  } catch {
    return Infinity;
  }
}

function compile(isFull) {
  var isFirst = !fs.existsSync(path.join(DIST, "src/server.js"));
  process.stderr.write(
    "Building oncepay (" +
      (isFirst || isFull ? "about 10 s" : "what has changed, some seconds") +
      ") ...\n",
  );
  var sources = describeSources(isFull);
  var tsc = path.join(CHECKOUT, "node_modules/typescript/bin/tsc");
  var options = isFull ? [] : ["--noCheck", "--declaration", "false"];
  var run = childProcess.spawnSync(
    process.execPath,
    [tsc, "-p", "tsconfig.build.json"].concat(options),
    { cwd: CHECKOUT, stdio: "inherit" },
  );
  if (run.status !== 0) fail("The build failed.", 1);
  bundlePages();
  markExecutable();
  prune(DIST);
  fs.writeFileSync(STAMP, sources);
}

/** The compiler gives no file the bit that `npx oncepay` needs, and npm sets it only where the file is there before it. */
function markExecutable() {
  var bin = require("../../package.json").bin;
  Object.keys(bin).forEach(function (name) {
    fs.chmodSync(path.join(CHECKOUT, bin[name]), 493); // rwxr-xr-x
  });
}

/** A page's script and style, each in one file, from the same sources as everything else. */
function bundlePages() {
  var esbuild = require(path.join(CHECKOUT, "node_modules/esbuild"));
  esbuild.buildSync({
    absWorkingDir: CHECKOUT,
    entryPoints: PAGES,
    outdir: WEB,
    bundle: true,
    minify: true,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    target: "es2022",
  });
}

/**
 * Removes what no source file makes any more: the compiler only ever adds. Clearing all of dist before each build would
 * take the ground from under a system that runs from it.
 */
function prune(directory) {
  fs.readdirSync(directory).forEach(function (name) {
    var file = path.join(directory, name);
    if (file === WEB) return undefined;
    if (fs.statSync(file).isDirectory()) return prune(file);
    if (!OUTPUT.test(name)) return undefined;
    var source = path.join(CHECKOUT, path.relative(DIST, file)).replace(OUTPUT, ".ts");
    return fs.existsSync(source) ? undefined : fs.unlinkSync(file);
  });
}

var isFull = process.argv[2] === "--full";
var isStart = process.argv[2] === "--start";
checkNode();
checkPackages();
if (isStart) checkNotRunning(process.argv.slice(3));
if (!isBuilt(isFull)) {
  checkCompiler();
  withLock(function () {
    if (!isBuilt(isFull)) compile(isFull);
  });
}
if (isStart) {
  process.argv.splice(2, 1);
  require(path.join(DIST, "src/dev/start.js"));
}

#!/bin/sh
# The tests on a busy machine. Says how in --help.
set -eu

usage() {
  cat <<'EOF'
Usage: npm run test:busy -- [--times N] [--loops M] [--minutes LIMIT] [-- JEST ARGUMENTS]

Runs the tests N times with M busy loops beside them, and shows how often they passed. They must pass every time: no
test may depend on how fast the machine is.

  --times     how often (default: 5)
  --loops     how many processes do nothing but use a processor (default: 4)
  --minutes   after how many minutes a run is ended, and has failed (default: 60)

  npm run test:busy -- --times 20 --loops 8 -- test/processors

The loops end with this script, however it ends. The report of each run stays in the directory that is shown.
EOF
}

fail() {
  echo "$1; see --help" >&2
  exit 2
}

number() {
  case "${2:-}" in
    '' | *[!0-9]*) fail "$1 must be a number" ;;
  esac
}

times=5 loops=4 minutes=60
while [ $# -gt 0 ]; do
  case "$1" in
    --help) usage && exit 0 ;;
    --times) number "$1" "${2:-}" && times=$2 && shift 2 ;;
    --loops) number "$1" "${2:-}" && loops=$2 && shift 2 ;;
    --minutes) number "$1" "${2:-}" && minutes=$2 && shift 2 ;;
    --) shift && break ;;
    *) fail "there is no option $1" ;;
  esac
done

cd "$(dirname "$0")/../.."
reports=$(mktemp -d "${TMPDIR:-/tmp}/oncepay-busy-XXXXXX")
echo "Reports: $reports"
loop_pids='' running=''
# Ours alone, by their ids.
clean_up() {
  for pid in $loop_pids $running; do kill "$pid" 2>/dev/null || true; done
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Looks every now and then whether we are still there, so that it outlives us by a moment at most.
busy_loop() {
  while kill -0 "$1" 2>/dev/null; do
    turns=0
    while [ $turns -lt 200000 ]; do turns=$((turns + 1)); done
  done
}
loop=0
while [ $loop -lt "$loops" ]; do
  busy_loop $$ &
  loop_pids="$loop_pids $!"
  loop=$((loop + 1))
done

# What a report says, as a row of the table and the names of the tests that failed.
row() {
  node -e '
    const [run, file, seconds, load] = process.argv.slice(1);
    let report;
    try {
      report = JSON.parse(require("node:fs").readFileSync(file, "utf8"));
    } catch {}
    const cells = [run, report?.success ? "passed" : "FAILED", report?.numFailedTests ?? "?"];
    cells.push(report?.numPassedTests ?? "?", `${(Number(seconds) / 60).toFixed(1)} min`, load);
    console.log(cells.map((cell) => String(cell).padStart(9)).join(""));
    for (const { status, message, assertionResults, name } of report?.testResults ?? []) {
      const failed = assertionResults.filter((each) => each.status === "failed");
      for (const { fullName } of failed) console.log(`           ${fullName}`);
      if (status === "failed" && failed.length === 0) console.log(`           ${name}: ${message}`);
    }
    process.exit(report?.success ? 0 : 1);
  ' "$@"
}

table="$reports/table.txt"
printf '%9s%9s%9s%9s%13s%9s\n' run result failed passed took load >"$table"
passed=0 run=1
while [ $run -le "$times" ]; do
  echo "Run $run of $times, with $loops busy loops"
  report="$reports/run-$run.json"
  began=$(date +%s)
  node node_modules/jest/bin/jest.js --json --outputFile="$report" "$@" >"$reports/run-$run.log" 2>&1 &
  jest=$!
  (
    waited=0
    while [ $waited -lt $((minutes * 60)) ] && kill -0 $jest 2>/dev/null; do
      sleep 1
      waited=$((waited + 1))
    done
    kill $jest 2>/dev/null || true
  ) &
  watch=$!
  running="$jest $watch"
  wait $jest || true
  kill $watch 2>/dev/null || true
  running=''
  took=$(($(date +%s) - began))
  load=$(uptime | sed 's/.*averages*: *//; s/[, ].*//')
  if shown=$(row "$run" "$report" "$took" "$load"); then passed=$((passed + 1)); fi
  echo "$shown" | tee -a "$table"
  run=$((run + 1))
done

echo
cat "$table"
echo
echo "Passed $passed of $times."
[ $passed -eq "$times" ]

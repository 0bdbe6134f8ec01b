import { mkdirSync } from "node:fs";
import path from "node:path";
import { writePrivateJson } from "./dev-files";
import { freePort } from "./free-port";
import { type Observer, findProgram, isFile, tryObserver } from "./run-observer";

/*
 * `npm run start:observed`: Prometheus and Grafana beside a development installation, as far as they are installed, with
 * the alert rules and dashboards of ops/ as a team imports them. They only look: whatever becomes of them, the
 * installation goes on. They end with it, also when it is killed.
 */

export interface Target {
  readonly name: string;
  /** Of its metrics. */
  readonly url: string;
}

export interface Observers {
  /** Absent: it is not installed, or did not start. */
  readonly prometheusUrl?: string;
  readonly grafanaUrl?: string;
  /** Says where the processes are now: one that came back may be elsewhere. */
  follow(targets: readonly Target[]): void;
  stop(): Promise<void>;
  kill(): void;
}

interface Wanted {
  readonly directory: string;
  readonly targets: readonly Target[];
  readonly log: (name: string, line: string) => void;
}

const OPS = path.resolve(__dirname, "../../../ops");
const PROMETHEUS_PORT = 9090;
const GRAFANA_PORT = 3000;
const SCRAPE_EVERY = "5s";
/** Somebody else may take the port between our look and the program's. */
const TRIES_MAX = 3;

export async function startObservers({ directory, targets, log }: Wanted): Promise<Observers> {
  const files = path.join(directory, "observed");
  const targetsFile = path.join(files, "targets.json");
  mkdirSync(files, { recursive: true });
  const follow = (now: readonly Target[]): void => {
    writePrivateJson(targetsFile, targetGroups(now));
  };
  follow(targets);
  const prometheus = await startPrometheus(files, targetsFile, log);
  const grafana = await startGrafana(files, prometheus?.url, log);
  const both = [grafana, prometheus].filter((one) => one !== undefined);
  return {
    ...(prometheus && { prometheusUrl: prometheus.url }),
    ...(grafana && { grafanaUrl: grafana.url }),
    follow,
    stop: async () => {
      for (const one of both) await one.stop();
    },
    kill: () => {
      for (const one of both) one.kill();
    },
  };
}

/** As `file_sd_configs` reads them; the name tells the processes apart wherever they listen. */
export function targetGroups(targets: readonly Target[]): object[] {
  return targets.map(({ name, url }) => ({
    targets: [new URL(url).host],
    labels: { instance: name },
  }));
}

type Log = Wanted["log"];

async function startPrometheus(
  files: string,
  targetsFile: string,
  log: Log,
): Promise<Observer | undefined> {
  const program = findProgram(["prometheus"]);
  if (program === undefined) {
    log("start", "Prometheus is not installed here (Debian's package is called prometheus)");
    return undefined;
  }
  const config = path.join(files, "prometheus.json");
  // JSON is YAML.
  writePrivateJson(config, {
    global: { scrape_interval: SCRAPE_EVERY, evaluation_interval: SCRAPE_EVERY },
    // The job is called as the alerts expect it.
    scrape_configs: [{ job_name: "oncepay", file_sd_configs: [{ files: [targetsFile] }] }],
    rule_files: [path.join(OPS, "alerts.yml")],
  });
  return firstThatRuns(async () => {
    const port = await freePort(PROMETHEUS_PORT);
    return tryObserver({
      name: "prometheus",
      program,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(files, "prometheus")}`,
        `--web.listen-address=127.0.0.1:${String(port)}`,
        "--log.level=warn",
      ],
      environment: {},
      url: `http://127.0.0.1:${String(port)}`,
      // What another Prometheus at this port does not answer.
      isOurs: { path: "/api/v1/status/config", says: targetsFile },
      log,
    });
  });
}

async function startGrafana(
  files: string,
  prometheusUrl: string | undefined,
  log: Log,
): Promise<Observer | undefined> {
  const program = findProgram(["grafana-server", "grafana"]);
  if (program === undefined) {
    log("start", "Grafana is not installed here; its dashboards are in ops/dashboards");
    return undefined;
  }
  const provisioning = path.join(files, "provisioning");
  provisionGrafana(provisioning, prometheusUrl);
  const home = ["/usr/share/grafana", "/usr/local/share/grafana", "/opt/homebrew/share/grafana"];
  const homePath = home.find((folder) => isFile(path.join(folder, "conf/defaults.ini")));
  return firstThatRuns(async () => {
    const port = await freePort(GRAFANA_PORT);
    const run = path.basename(program) === "grafana" ? ["server"] : [];
    return tryObserver({
      name: "grafana",
      program,
      args: [...run, ...(homePath === undefined ? [] : ["--homepath", homePath])],
      environment: {
        GF_PATHS_DATA: path.join(files, "grafana"),
        GF_PATHS_LOGS: path.join(files, "grafana"),
        GF_PATHS_PROVISIONING: provisioning,
        GF_SERVER_HTTP_ADDR: "127.0.0.1",
        GF_SERVER_HTTP_PORT: String(port),
        GF_AUTH_ANONYMOUS_ENABLED: "true",
        GF_ANALYTICS_REPORTING_ENABLED: "false",
        GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
        GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
        GF_LOG_LEVEL: "warn",
      },
      url: `http://127.0.0.1:${String(port)}`,
      isOurs: { path: "/api/dashboards/uid/oncepay-business", says: "oncepay-business" },
      log,
    });
  });
}

/** The data source, and the dashboards as they are in ops/. */
export function provisionGrafana(directory: string, prometheusUrl: string | undefined): void {
  for (const kind of ["datasources", "dashboards"]) {
    mkdirSync(path.join(directory, kind), { recursive: true });
  }
  const source = { name: "Prometheus", type: "prometheus", access: "proxy", isDefault: true };
  writePrivateJson(path.join(directory, "datasources/oncepay.yaml"), {
    apiVersion: 1,
    datasources: prometheusUrl === undefined ? [] : [{ ...source, url: prometheusUrl }],
  });
  const options = { path: path.join(OPS, "dashboards") };
  writePrivateJson(path.join(directory, "dashboards/oncepay.yaml"), {
    apiVersion: 1,
    providers: [{ name: "oncepay", type: "file", options }],
  });
}

async function firstThatRuns(
  start: () => Promise<Observer | undefined>,
): Promise<Observer | undefined> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const observer = await start();
    if (observer) return observer;
  }
  return undefined;
}

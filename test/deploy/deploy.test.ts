import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { SETTINGS, readConfig } from "../../src/config";
import { NODE_FLAGS } from "../../src/dev/programs";
import { EXIT } from "../../src/process/run-process";
import {
  type Container,
  ROOT,
  UNITS,
  allFiles,
  composeServices,
  dockerInstructions,
  kubernetesObjects,
  podsOf,
  text,
  unit,
  variablesIn,
} from "./deploy-files";

/* What can be said of deploy/ without the programs that carry it out: that what it names is there, and that nothing is open. */

const objects = kubernetesObjects();
const pods = podsOf(objects);
const containers: Container[] = pods.flatMap(({ spec }) => [...spec.containers]);
const services = composeServices();
const config = readConfig({
  DATABASE_URL: "postgres://u:p@h/n",
  ONCEPAY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString("base64"),
  NODE_ENV: "test",
});

/** Names that are someone else's: users of the database, and what Kubernetes would set if it were let. */
const NO_SETTING = /^ONCEPAY_(API_PORT|)$/;

test("every setting that is named exists", () => {
  const sandbox = readFileSync(path.join(ROOT, "src/sandbox/main.ts"), "utf8");
  const known = new Set([...Object.keys(SETTINGS), ...(sandbox.match(/ONCEPAY_[A-Z_]+/g) ?? [])]);
  for (const file of allFiles()) {
    const named = (text(file).match(/ONCEPAY_[A-Z_]*/g) ?? []).filter(
      (name) => !NO_SETTING.test(name),
    );
    expect([file, named.filter((name) => !known.has(name))]).toEqual([file, []]);
  }
  const given = [
    ...Object.keys(objects.find(({ kind }) => kind === "ConfigMap")?.data ?? {}),
    ...containers.flatMap(({ env }) => env.map(({ name }) => name)),
    ...Object.keys(variablesIn("systemd/example.env")),
    ...["api-1", "worker-1", "migrate"].flatMap((name) =>
      Object.keys(services[name]?.environment ?? {}),
    ),
  ];
  expect(given.filter((name) => !(name in SETTINGS))).toEqual([]);
});

test("no secret is in a file: each is asked for, or referred to", () => {
  const isSecret = (name: string): boolean => /PASSWORD|SECRET|KEY|_URL$/.test(name);
  for (const { environment = {} } of Object.values(services)) {
    for (const [name, value] of Object.entries(environment)) {
      const holds = /PASSWORD|SECRET|_KEY/.test(name) || /\/\/[^/]*:[^/]*@/.test(value);
      if (holds) expect([name, value]).toEqual([name, expect.stringMatching(/\$\{[A-Z_]+:\?\}/)]);
    }
  }
  for (const { env } of containers) {
    for (const { name, valueFrom } of env) {
      expect(isSecret(name)).toBe(true);
      expect(valueFrom.secretKeyRef).toMatchObject({ key: name });
    }
  }
  for (const file of ["compose/example.env", "systemd/example.env"]) {
    for (const [name, value] of Object.entries(variablesIn(file))) {
      if (/PASSWORD|SECRET|_KEY$/.test(name)) expect([name, value]).toEqual([name, ""]);
    }
  }
});

test("images are pinned, and ours is the same everywhere", () => {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  const from = dockerInstructions().flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? []);
  const images = [...from, ...Object.values(services).flatMap(({ image }) => image ?? [])];
  expect(images.length).toBeGreaterThan(5);
  for (const image of images) expect(image).toMatch(/^[a-z/.]+:\d+\.\d+(\.\d+)?(-[a-z]+[\d.]*)?$/);
  const ours = images.filter((image) => image.startsWith("oncepay:"));
  expect([...new Set(ours)]).toEqual([`oncepay:${version}`]);
  expect(text("kubernetes/base/kustomization.yaml")).toContain(`newTag: ${version}\n`);
  expect(text("kubernetes/migrate.yaml")).toContain(`/oncepay:${version}\n`);
  expect(new Set(from.filter((image) => image.startsWith("node:"))).size).toBe(1);
});

test("the image copies only what is there and is let in, and nothing else is let in", () => {
  const sources = dockerInstructions().flatMap((line) => {
    const words = /^COPY (?!--from)(.*)$/.exec(line)?.[1]?.split(" ") ?? [];
    return words.slice(0, -1);
  });
  for (const source of sources)
    expect([source, existsSync(path.join(ROOT, source))]).toEqual([source, true]);
  const ignore = text("Dockerfile.dockerignore").split("\n");
  expect(ignore).toContain("*");
  const letIn = ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  expect([...new Set(sources)].sort()).toEqual(letIn.sort());
  expect(dockerInstructions()).toContain("USER 10001:10001");
  expect(dockerInstructions().some((line) => line.startsWith("HEALTHCHECK "))).toBe(true);
});

test("Node runs the API and the worker as `npm start` runs them", () => {
  const flags = NODE_FLAGS.join(" ");
  const entrypoint = JSON.stringify(["node", ...NODE_FLAGS]).replaceAll(",", ", ");
  expect(dockerInstructions()).toContain(`ENTRYPOINT ${entrypoint}`);
  const starts = UNITS.flatMap((name) => unit(name).get("ExecStart") ?? []);
  const ours = starts.filter((line) => /dist\/(src\/server|workers\/main)\.js/.test(line));
  expect(ours).toHaveLength(2);
  for (const line of ours) expect(line).toContain(`/node ${flags} dist/`);
});

test("what is started exists: programs, scripts, files that are mounted", () => {
  const ours = Object.values(services).filter(({ image }) => image?.startsWith("oncepay:"));
  const started = [
    ...(text("Dockerfile")
      .match(/^CMD \["(.*)"\]$/m)
      ?.slice(1) ?? []),
    ...ours.flatMap(({ entrypoint = [], command = [] }) => [...entrypoint, ...command]),
    ...containers.flatMap(({ args }) => args),
    ...UNITS.flatMap((name) => unit(name).get("ExecStart")?.[0]?.split(" ") ?? []),
  ].filter((word) => word.startsWith("dist/"));
  expect(new Set(started).size).toBe(4);
  for (const entry of started) {
    const source = entry.replace(/^dist\//, "").replace(/\.js$/, ".ts");
    expect([entry, existsSync(path.join(ROOT, source))]).toEqual([entry, true]);
  }
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const [, script = ""] of text("Dockerfile").matchAll(/npm run ([\w:]+)/g)) {
    expect(Object.keys(scripts)).toContain(script);
  }
  const mounted = Object.values(services)
    .flatMap(({ volumes = [] }) => volumes)
    .filter((volume) => volume.startsWith("./"));
  for (const volume of mounted) {
    const [file = ""] = volume.split(":");
    expect([file, existsSync(path.join(ROOT, "deploy/compose", file))]).toEqual([file, true]);
  }
});

test("ports are those that the programs listen on, and probes ask on one of them", () => {
  const expected: Record<string, Record<string, number>> = {
    api: { http: config.port, internal: config.internalPort },
    worker: { internal: config.metricsPort },
    migrate: {},
  };
  for (const container of containers) {
    const ports = Object.fromEntries(
      (container.ports ?? []).map(({ name, containerPort }) => [name, containerPort]),
    );
    expect([container.name, ports]).toEqual([container.name, expected[container.name]]);
    if (container.name === "migrate") continue;
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
      const { httpGet } = container[probe] ?? {};
      const asked = probe === "readinessProbe" ? "/health/ready" : "/health/live";
      expect([probe, httpGet?.path]).toEqual([probe, asked]);
      expect(Object.keys(ports)).toContain(httpGet?.port);
    }
  }
  const policies = objects.filter(({ kind }) => kind === "NetworkPolicy");
  const open = policies.flatMap(({ spec }) => spec.ingress ?? []).flatMap(({ ports }) => ports);
  expect(open.map(({ port }) => port).sort()).toEqual([4_000, 4_001, 4_002]);
  const exposed = dockerInstructions().find((line) => line.startsWith("EXPOSE"));
  expect(exposed).toBe(
    `EXPOSE ${[config.port, config.metricsPort, config.internalPort].join(" ")}`,
  );
  for (const [, port] of text("compose/haproxy.cfg").matchAll(/server api-\d api-\d:(\d+)/g)) {
    expect(Number(port)).toBe(config.port);
  }
  expect(text("Dockerfile")).toContain(`\${PORT:-${String(config.port)}}`);
  expect(text("Dockerfile")).toContain(`\${ONCEPAY_METRICS_PORT:-${String(config.metricsPort)}}`);
});

test("pods may do nothing beyond their work, and Kubernetes adds no settings to theirs", () => {
  expect(pods).toHaveLength(3);
  for (const { spec } of pods) {
    // Its variables for a service called oncepay-api begin with ONCEPAY_, and no process starts with one it does not know.
    expect(spec).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 });
  }
  for (const { securityContext } of containers) {
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
});

test("selectors find pods, and autoscalers what they scale", () => {
  const found = (labels: Readonly<Record<string, string>> = {}): number =>
    pods.filter(({ metadata }) =>
      Object.entries(labels).every(([name, value]) => metadata.labels[name] === value),
    ).length;
  for (const { kind, metadata, spec } of objects) {
    const labels = kind === "Service" ? spec.selector : spec?.selector?.matchLabels;
    if (labels) expect([kind, metadata.name, found(labels)]).toEqual([kind, metadata.name, 1]);
    if (spec?.podSelector) expect(found(spec.podSelector.matchLabels)).toBeGreaterThan(0);
    const scaled = spec?.scaleTargetRef;
    if (scaled) {
      expect(objects.map((one) => [one.kind, one.metadata.name])).toContainEqual([
        scaled.kind,
        scaled.name,
      ]);
    }
  }
});

test("units are hardened alike, and do not start again what cannot work", () => {
  const wanted = {
    NoNewPrivileges: "yes",
    CapabilityBoundingSet: "",
    ProtectSystem: "strict",
    ProtectHome: "yes",
    PrivateTmp: "yes",
    PrivateDevices: "yes",
    RestrictNamespaces: "yes",
    User: "oncepay",
  };
  for (const name of UNITS) {
    const set = unit(name);
    for (const [key, value] of Object.entries(wanted)) {
      expect([name, key, set.get(key)]).toEqual([name, key, [value]]);
    }
    expect(set.has("MemoryDenyWriteExecute")).toBe(false);
  }
  for (const name of ["oncepay-api", "oncepay-worker"] as const) {
    const never = `${String(EXIT.usage)} ${String(EXIT.unusableConfiguration)}`;
    expect(unit(name).get("RestartPreventExitStatus")).toEqual([never]);
  }
});

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** What deploy/ says, as those read it who carry it out. */

export const ROOT = path.resolve(__dirname, "../..");
const DEPLOY = path.join(ROOT, "deploy");

export const text = (name: string): string => readFileSync(path.join(DEPLOY, name), "utf8");

/** Every file there, by its path below deploy/. */
export function allFiles(): string[] {
  return readdirSync(DEPLOY, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(DEPLOY, path.join(entry.parentPath, entry.name)));
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly securityContext: object;
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env: readonly { readonly name: string; readonly valueFrom: { secretKeyRef: object } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly [probe: `${string}Probe`]: { httpGet: { path: string; port: string } } | undefined;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly enableServiceLinks?: boolean;
    readonly automountServiceAccountToken?: boolean;
    readonly securityContext: object;
    readonly containers: readonly Container[];
  };
}

/** As far as the tests ask. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template?: PodTemplate;
    readonly selector?: Selector & Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
    readonly metrics?: readonly { readonly external?: { metric: { name: string } } }[];
    readonly podSelector?: Selector;
    readonly ingress?: readonly { readonly ports: readonly { readonly port: number }[] }[];
  };
}

export function kubernetesObjects(): KubernetesObject[] {
  const { resources } = parse(text("kubernetes/base/kustomization.yaml")) as {
    resources: readonly string[];
  };
  return [...resources.map((name) => `base/${name}`), "migrate.yaml"].flatMap((name) =>
    parseAllDocuments(text(`kubernetes/${name}`)).map(
      (document) => document.toJS() as KubernetesObject,
    ),
  );
}

export const podsOf = (objects: readonly KubernetesObject[]): PodTemplate[] =>
  objects.flatMap(({ spec }) => spec?.template ?? []);

export interface ComposeService {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly read_only?: boolean;
  readonly volumes?: readonly string[];
}

export function composeServices(): Readonly<Record<string, ComposeService>> {
  const compose = parse(text("compose/compose.yaml"), { merge: true }) as {
    services: Record<string, ComposeService>;
  };
  return compose.services;
}

/** Names and values, one to a line. */
export function variablesIn(file: string): Record<string, string> {
  const lines = text(file).matchAll(/^([A-Z_]+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
}

export const UNITS = ["oncepay-api", "oncepay-worker", "oncepay-migrate"] as const;

/** What a unit sets, but for its sections: a setting may come several times. */
export function unit(name: (typeof UNITS)[number]): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const [, key = "", value = ""] of text(`systemd/${name}.service`).matchAll(
    /^([A-Za-z]+)=(.*)$/gm,
  )) {
    settings.set(key, [...(settings.get(key) ?? []), value]);
  }
  return settings;
}

/** The instructions of the Dockerfile, each on one line. */
export function dockerInstructions(): string[] {
  return text("Dockerfile")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "");
}

// The objects in kms-vault's guides fit the program, and each other.
import { createMetrics, startAdminServer } from "@talos-bridge/grpc-server";
import { createLeaseLock, type KubernetesRequest } from "@talos-bridge/leader";
import { loadSettings, type SettingsTable, type SettingsValues } from "@talos-bridge/settings";
import { readVaultEnvironment, VAULT_ENVIRONMENT } from "@talos-bridge/vault";
import { expect, onTestFinished, test } from "vitest";
import { SETTINGS } from "../../apps/kms-vault/src/settings.ts";
import { sectionOf } from "../docs/markdown.ts";
import { documentsOf, environmentOf, guideText, valuesOf } from "./support/guide-documents.ts";

const DOCUMENTS = documentsOf("kms-deployment");
const AUTH = guideText("kms-auth");

function textOf(kind: string): string {
  const [found, ...more] = DOCUMENTS.filter((each) => each.kind === kind);
  if (found === undefined || more.length > 0) throw new Error(`not one ${kind}`);
  return found.text;
}

const DEPLOYMENT = textOf("Deployment");
const ARGS = [...DEPLOYMENT.matchAll(/^ +- (?<arg>--\S+)$/gm)].map(({ groups }) => groups?.["arg"] ?? "");
const ENV = environmentOf(DEPLOYMENT);

function load(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): SettingsValues<typeof SETTINGS> {
  const settings = loadSettings(SETTINGS, { argv, env });
  if (settings.kind !== "values") throw new Error(JSON.stringify(settings));
  expect(settings.warnings).toEqual([]);
  return settings.values;
}

test("the guide carries every object", () => {
  const kinds = DOCUMENTS.map(({ kind }) => kind).toSorted();
  expect(kinds.filter((kind) => kind !== "part")).toEqual([
    "Certificate",
    "ConfigMap",
    "Deployment",
    "Namespace",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "VolumeConfig",
    "VolumeConfig",
  ]);
});

test("every variable is read, and flags and variables are taken", () => {
  const table: SettingsTable = SETTINGS;
  const known = new Set([
    ...Object.values(table).flatMap(({ env = [] }) => env),
    ...VAULT_ENVIRONMENT.map(({ name }) => `VAULT_${name}`),
  ]);
  expect(Object.keys(ENV).filter((name) => !known.has(name))).toEqual([]);
  expect(load(ARGS, ENV)).toMatchObject({ enableTls: true, uuidValidationMode: "relaxed" });
  const { settings, faults, passedOver } = readVaultEnvironment(ENV);
  expect(faults).toEqual([]);
  expect(settings?.auth).toMatchObject({ method: "kubernetes", role: "talos-kms" });
  expect(passedOver).toEqual([]);
});

test("what is read is mounted", () => {
  const { tlsCert, tlsKey } = load(ARGS, ENV);
  const mounts = valuesOf("mountPath", DEPLOYMENT);
  const token = ENV["VAULT_K8S_SERVICE_ACCOUNT_PATH"];
  expect(mounts).toEqual(["/etc/kms-tls", "/etc/vault-ca", "/var/run/secrets/vault"]);
  expect([tlsCert, tlsKey, ENV["VAULT_CACERT"], token]).toEqual([
    `${mounts[0]}/tls.crt`,
    `${mounts[0]}/tls.key`,
    `${mounts[1]}/ca.crt`,
    `${mounts[2]}/${valuesOf("path", DEPLOYMENT).at(-1)}`,
  ]);
  const names = (kind: string): readonly string[] => valuesOf("name", textOf(kind));
  expect(valuesOf("secretName", DEPLOYMENT)).toEqual(valuesOf("secretName", textOf("Certificate")));
  expect(names("Secret")).toEqual(valuesOf("secretName", DEPLOYMENT));
  expect(names("ConfigMap")).toEqual(["vault-ca"]);
});

test("names, audience and account are those of Vault's role", () => {
  const role = sectionOf(AUTH, "Kubernetes");
  const given = (name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(role)?.[1];
  expect(role).toContain(`vault write auth/kubernetes/role/${ENV["VAULT_K8S_ROLE"]} `);
  expect(given("bound_service_account_names")).toBe(valuesOf("serviceAccountName", DEPLOYMENT)[0]);
  expect(given("bound_service_account_namespaces")).toBe(valuesOf("namespace", DEPLOYMENT)[0]);
  expect(given("audience")).toBe(valuesOf("audience", DEPLOYMENT)[0]);
  expect(valuesOf("name", textOf("ServiceAccount"))).toEqual([given("bound_service_account_names")]);
});

test("ports are the program's defaults, and nodes are given the Service's", () => {
  const { kmsApiEndpoint, healthServerAddr } = load([], {});
  const port = String(kmsApiEndpoint.port);
  expect(valuesOf("containerPort", DEPLOYMENT)).toEqual([port, String(healthServerAddr.port)]);
  expect(valuesOf("targetPort", textOf("Service"))).toEqual([port]);
  const [host] = /(?<=dnsNames:\n {4}- )\S+/.exec(textOf("Certificate")) ?? [];
  const endpoints = DOCUMENTS.flatMap(({ text }) => valuesOf("endpoint", text));
  expect(endpoints).toHaveLength(4);
  expect(new Set(endpoints)).toEqual(new Set([`grpcs://${host}:${valuesOf("port", textOf("Service"))[0]}`]));
});

test("everything selects the same pods", () => {
  for (const kind of ["Deployment", "Service", "PodDisruptionBudget"]) {
    expect(new Set(valuesOf("app.kubernetes.io/name", textOf(kind)))).toEqual(new Set(["talos-kms"]));
  }
});

test("probes ask for what the admin port answers", async () => {
  const metrics = createMetrics({ build: { version: "", revision: "" } });
  const admin = await startAdminServer({ address: { host: "127.0.0.1", port: 0 }, ready: [], metrics });
  if (!admin.ok) throw new Error(admin.code);
  onTestFinished(() => admin.close());
  // The block under "From the Go proxy's manifest" is part of a list, so not a document of its own.
  const paths = [...guideText("kms-deployment").matchAll(/^ +path: (?<path>\/\S+)$/gm)].map(
    ({ groups }) => groups?.["path"] ?? "",
  );
  expect(paths).toEqual(["/livez", "/livez", "/readyz", "/livez", "/readyz"]);
  for (const path of paths) {
    const answer = await fetch(`http://127.0.0.1:${admin.port}${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
  }
});

test("runs without rights", () => {
  expect(valuesOf("runAsUser", DEPLOYMENT)).toEqual(["65532"]);
  expect(valuesOf("runAsNonRoot", DEPLOYMENT)).toEqual(["true"]);
  expect(valuesOf("readOnlyRootFilesystem", DEPLOYMENT)).toEqual(["true"]);
  expect(valuesOf("allowPrivilegeEscalation", DEPLOYMENT)).toEqual(["false"]);
  expect(valuesOf("automountServiceAccountToken", DEPLOYMENT)).toEqual(["false"]);
  expect(valuesOf("drop", DEPLOYMENT)).toEqual(["[ALL]"]);
  expect(DEPLOYMENT).toContain("type: RuntimeDefault");
  expect(valuesOf("memory", DEPLOYMENT)).toEqual(["96Mi", "128Mi"]);
});

test("the Role has the verbs that the Lease is kept with, on the default Lease alone", async () => {
  const methods = new Set<KubernetesRequest["method"]>();
  const lock = createLeaseLock({
    request({ method }) {
      methods.add(method);
      return Promise.resolve({ status: 200, body: JSON.stringify(LEASE) });
    },
    namespace: "talos-kms",
    name: "talos-kms-leader",
  });
  const { signal } = new AbortController();
  const held = await lock.get(signal);
  if (held === undefined) throw new Error("there is a Lease");
  await lock.create(held.record, signal);
  await lock.update(held, held.record, signal);

  const VERBS = { GET: "get", POST: "create", PUT: "update" } as const;
  const role = textOf("Role");
  const verbs = valuesOf("verbs", role).flatMap((list) => list.slice(1, -1).split(", "));
  expect(verbs.toSorted()).toEqual([...methods].map((method) => VERBS[method]).toSorted());
  expect(valuesOf("resourceNames", role)).toEqual([`[${load([], {}).leaderElectionName}]`]);
});

const LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "talos-kms-leader", namespace: "talos-kms", resourceVersion: "1" },
  spec: {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    renewTime: "2026-01-01T00:00:00.000000Z",
    leaseTransitions: 0,
  },
};

test("the Go proxy's manifest: its flags and variables are taken as they are", () => {
  const argv = [
    "--enable-leader-election=true",
    "--leader-election-namespace=talos-system",
    "--kms-api-endpoint=:8080",
    "--enable-tls=true",
  ];
  const env = {
    POD_NAME: "talos-kms-1",
    VAULT_ADDR: "https://vault.example.com",
    VAULT_K8S_ROLE: "talos-kms-role",
  };
  expect(load(argv, env)).toMatchObject({
    enableLeaderElection: true,
    leaderElectionNamespace: "talos-system",
    leaderElectionIdentity: "talos-kms-1",
    tlsCert: "server.crt",
  });
  expect(readVaultEnvironment(env).faults).toEqual([]);
});

test("the serving certificate has the usages its key can have", () => {
  const certificate = textOf("Certificate");
  expect(/ {2}usages:\n(?<usages>(?: {4}- .+\n)+)/.exec(certificate)?.groups?.["usages"]).toBe(
    "    - digital signature\n    - server auth\n",
  );
  expect(valuesOf("algorithm", certificate)).toEqual(["ECDSA"]);
});

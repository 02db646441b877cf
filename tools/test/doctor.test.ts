// doctor against the real services: it finds nothing on a good set-up, and each fault of a broken one.
import { PROFILES } from "@talos-bridge/pki";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { anchors } from "../docs/markdown.ts";
import {
  authority,
  bundleFile,
  issue,
  makeBundle,
  portOf,
  privateAuthority,
  serveTls,
  signerFiles,
  talosconfigFile,
  workerFile,
  write,
} from "./support/cluster.ts";
import { commandLine, scratchDir, serveKms, serveSigner } from "./support/services.ts";

const bundle = await makeBundle();
const other = await makeBundle();
const YEAR_MS = 365 * 86_400_000;
const aged = await makeBundle(new Date(Date.now() - 3 * YEAR_MS));

interface Diagnosis {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly subject: string;
    readonly outcome: string;
    readonly problems: readonly {
      readonly id: string;
      readonly severity: string;
      readonly message: string;
      readonly cause: string;
      readonly fix: string;
      readonly page: string;
    }[];
  }[];
}

async function doctor(argv: readonly string[]): Promise<{ exit: number; diagnosis: Diagnosis }> {
  const { exit, stdout, stderr } = await commandLine(["doctor", ...argv, "-q", "-o", "json"]);
  expect(stderr).toBe("");
  const diagnosis: Diagnosis = JSON.parse(stdout);
  return { exit, diagnosis };
}

const local = (port: number): string => `127.0.0.1:${port}`;

/** All of a good cluster, running. */
async function goodCluster(dir: string): Promise<readonly string[]> {
  const kmsCa = await privateAuthority();
  const kmsPair = await issue(kmsCa.ca, PROFILES.talosNode, ["127.0.0.1"]);
  const kms = await serveKms(dir, [
    "--enable-tls",
    `--tls-cert=${write(dir, "kms.crt", kmsPair.crt)}`,
    `--tls-key=${write(dir, "kms.key", kmsPair.key)}`,
  ]);
  const signer = await serveSigner(signerFiles(dir, bundle));
  const node = await serveTls(await issue(authority(bundle.certs.os), PROFILES.talosNode, ["127.0.0.1"]));
  const api = await serveTls(await issue(authority(bundle.certs.k8s), PROFILES.kubeApiserver, ["127.0.0.1"]));
  return [
    "--secrets",
    bundleFile(dir, bundle),
    "--machine-config",
    workerFile(dir, bundle, { apiPort: api, kms: `https://${local(kms)}` }),
    "--talosconfig",
    await talosconfigFile(dir, bundle.certs.os),
    "--endpoint",
    local(signer),
    "--node",
    local(node),
    "--image-ca",
    write(dir, "image-ca.crt", kmsCa.crt),
    "--node-uuid",
    randomUUID(),
  ];
}

test("finds nothing on a good set-up, and looks at all of it", async () => {
  const { exit, diagnosis } = await doctor(await goodCluster(scratchDir()));
  expect(diagnosis.checks.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  expect(diagnosis).toMatchObject({ ok: true });
  expect(exit).toBe(0);
  expect(diagnosis.checks.map(({ subject }) => subject.replace(/[ :/]*(?:https:|\/tmp|127).*$/, ""))).toEqual(
    [
      "secrets bundle",
      "machine config",
      "talosconfig",
      "client of context demo",
      "signer",
      "join",
      "accepted CAs",
      "clocks",
      "apid",
      "kube-apiserver",
      "KMS",
      "STATE with",
      "round trip with",
    ],
  );
});

test("a signer in a rotation is good for who trusts both CAs", async () => {
  const dir = scratchDir();
  const both = write(dir, "both.crt", `${bundle.certs.os.crt}${other.certs.os.crt}`);
  const files = signerFiles(dir, other);
  const argv = ["--endpoint", local(await serveSigner(files)), "--ca", both, "--token-file", files.tokenFile];
  const { exit, diagnosis } = await doctor(argv);
  expect(diagnosis.checks.flatMap(({ problems }) => problems)).toEqual([]);
  expect(exit).toBe(0);
});

interface Broken {
  readonly name: string;
  /** Makes it, and says how doctor is to look at it. */
  readonly make: (dir: string) => Promise<readonly string[]>;
  /** All that doctor says, in its order. */
  readonly want: readonly string[];
}

const signerArgv = (dir: string, port: number): readonly string[] => [
  "--endpoint",
  local(port),
  "--secrets",
  bundleFile(dir, bundle),
];

/** Who stands in the signer's place, with a certificate of the row's own. */
async function signerWith(
  dir: string,
  profile: Parameters<typeof issue>[1],
  validity?: Parameters<typeof issue>[3],
): Promise<readonly string[]> {
  const pair = await issue(authority(aged.certs.os), profile, ["127.0.0.1"], validity);
  return ["--endpoint", local(await serveTls(pair)), "--secrets", bundleFile(dir, aged)];
}

const BROKEN: readonly Broken[] = [
  {
    name: "nobody listens on the signer's port",
    make: async (dir) => signerArgv(dir, 9),
    want: ["unreachable"],
  },
  {
    name: "something else listens on the signer's port",
    async make(dir) {
      const server = createServer();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(0, "127.0.0.1", resolve);
      await promise;
      onTestFinished(() => void server.close());
      return signerArgv(dir, portOf(server.address()));
    },
    want: ["no-tls"],
  },
  {
    name: "the serving certificate has the VIP alone",
    async make(dir) {
      const { crt, key } = await issue(authority(bundle.certs.os), PROFILES.talosNode, ["10.10.10.100"]);
      const port = await serveSigner(signerFiles(dir, bundle), {
        env: {
          TLS_CERT_PATH: write(dir, "tls.crt", crt),
          TLS_KEY_PATH: write(dir, "tls.key", key),
        },
      });
      return signerArgv(dir, port);
    },
    want: ["wrong-name"],
  },
  {
    name: "the signer is another cluster's",
    make: async (dir) => signerArgv(dir, await serveSigner(signerFiles(dir, other))),
    want: ["other-key"],
  },
  {
    name: "the serving certificate has expired",
    make: (dir) =>
      signerWith(dir, PROFILES.talosNode, {
        now: new Date(Date.now() - 3_600_000),
        lifetimeMs: 1_000,
      }),
    want: ["expired"],
  },
  {
    name: "the serving certificate is a client's",
    make: (dir) => signerWith(dir, PROFILES.talosClient),
    want: ["no-server-auth"],
  },
  {
    name: "the bootstrap token is used in place of the join token",
    async make(dir) {
      const port = await serveSigner(signerFiles(dir, bundle));
      const token = write(dir, "wrong-token", bundle.secrets.bootstrapToken);
      return [...signerArgv(dir, port), "--token-file", token];
    },
    want: ["token-refused"],
  },
  {
    name: "a token that a line break has cut",
    make: async (dir) => ["--secrets", bundleFile(dir, { ...bundle, trustdInfo: { token: "abc def" } })],
    want: ["token-shape"],
  },
  {
    name: "the signer forgets the cluster's CA in a rotation",
    async make(dir) {
      const port = await serveSigner(signerFiles(dir, other));
      const worker = workerFile(dir, bundle, { acceptedCas: [other.certs.os.crt] });
      return [
        ...signerArgv(dir, port),
        "--machine-config",
        worker,
        "--token-file",
        write(dir, "its-token", other.trustdInfo.token),
        "--api-server",
        local(
          await serveTls(await issue(authority(bundle.certs.k8s), PROFILES.kubeApiserver, ["127.0.0.1"])),
        ),
      ];
    },
    want: ["accepted-cas"],
  },
  {
    name: "the signer's clock is an hour behind",
    async make(dir) {
      const early = await makeBundle(new Date(Date.now() - 7_200_000));
      const port = await serveSigner(signerFiles(dir, early), {
        now: () => new Date(Date.now() - 3_600_000),
      });
      return ["--endpoint", local(port), "--secrets", bundleFile(dir, early)];
    },
    want: ["clock-skew"],
  },
  {
    name: "certificate and key of the bundle are of two clusters",
    make: async (dir) => {
      const os = { crt: bundle.certs.os.crt, key: other.certs.os.key };
      return ["--secrets", bundleFile(dir, { ...bundle, certs: { ...bundle.certs, os } })];
    },
    want: ["key-mismatch"],
  },
  {
    name: "the bundle is redacted",
    make: async (dir) => ["--secrets", bundleFile(dir, { ...bundle, trustdInfo: { token: "REDACTED" } })],
    want: ["redacted"],
  },
  {
    name: "the bundle is encrypted with SOPS",
    async make(dir) {
      const token = "ENC[AES256_GCM,data:aGVsbG8=,iv:aGVsbG8=,tag:aGVsbG8=,type:str]";
      return ["--secrets", bundleFile(dir, { ...bundle, trustdInfo: { token } })];
    },
    want: ["encrypted"],
  },
  {
    name: "all CAs have expired",
    async make(dir) {
      const old = await makeBundle(new Date(Date.now() - 11 * YEAR_MS));
      return ["--secrets", bundleFile(dir, old)];
    },
    want: ["expired", "expired", "expired", "expired"],
  },
  {
    name: "the talosconfig has no client-auth usage",
    make: async (dir) => [
      "--talosconfig",
      await talosconfigFile(dir, bundle.certs.os, {
        profile: { ...PROFILES.talosNode, organizations: ["os:admin"], lifetimeMs: YEAR_MS },
      }),
    ],
    want: ["no-client-auth"],
  },
  {
    name: "the talosconfig has expired",
    make: async (dir) => [
      "--talosconfig",
      await talosconfigFile(dir, aged.certs.os, { now: new Date(Date.now() - 2 * YEAR_MS) }),
      "--secrets",
      bundleFile(dir, aged),
    ],
    want: ["expired"],
  },
  {
    name: "the talosconfig is another cluster's",
    make: async (dir) => [
      "--talosconfig",
      await talosconfigFile(dir, other.certs.os),
      "--secrets",
      bundleFile(dir, bundle),
    ],
    want: ["other-key"],
  },
  {
    name: "a node of another cluster answers",
    async make(dir) {
      const pair = await issue(authority(other.certs.os), PROFILES.talosNode, ["127.0.0.1"]);
      return ["--secrets", bundleFile(dir, bundle), "--node", local(await serveTls(pair))];
    },
    want: ["other-key"],
  },
  {
    name: "the machine config hands disk keys over in plaintext, by having no scheme",
    async make(dir) {
      const kms = local(await serveKms(dir));
      return ["--kms", kms, "--volumes", "EPHEMERAL", "--node-uuid", randomUUID()];
    },
    want: ["kms-plaintext"],
  },
  {
    name: "the same in the machine config, of two volumes",
    async make(dir) {
      const signer = await serveSigner(signerFiles(dir, bundle));
      const pair = await issue(authority(bundle.certs.k8s), PROFILES.kubeApiserver, ["127.0.0.1"]);
      const worker = workerFile(dir, bundle, { apiPort: await serveTls(pair), kms: "grpc://127.0.0.1:9" });
      return ["--machine-config", worker, "--endpoint", local(signer)];
    },
    want: ["kms-plaintext", "kms-plaintext"],
  },
  {
    name: "the machine config was made of other secrets",
    async make(dir) {
      const signer = await serveSigner(signerFiles(dir, other));
      const pair = await issue(authority(other.certs.k8s), PROFILES.kubeApiserver, ["127.0.0.1"]);
      const worker = workerFile(dir, other, { apiPort: await serveTls(pair) });
      return ["--machine-config", worker, "--secrets", bundleFile(dir, bundle), "--endpoint", local(signer)];
    },
    want: [
      "foreign-value",
      "foreign-value",
      "foreign-value",
      "foreign-value",
      "foreign-ca",
      "foreign-ca",
      "accepted-cas",
    ],
  },
  {
    name: "the KMS is behind a CA that nobody knows: no key is sent there",
    async make() {
      const { ca } = await privateAuthority();
      const port = await serveTls(await issue(ca, PROFILES.talosNode, ["127.0.0.1"]));
      return ["--kms", `https://${local(port)}`, "--volumes", "EPHEMERAL", "--node-uuid", randomUUID()];
    },
    want: ["unknown-authority"],
  },
  {
    name: "STATE is sealed with a KMS behind a private CA",
    async make(dir) {
      const { crt, ca } = await privateAuthority();
      const port = await serveTls(await issue(ca, PROFILES.talosNode, ["127.0.0.1"]));
      return ["--kms", `https://${local(port)}`, "--kms-ca", write(dir, "kms-ca.crt", crt)];
    },
    want: ["kms-state-trust"],
  },
  {
    name: "the KMS refuses the node's UUID",
    async make(dir) {
      const { crt, ca } = await privateAuthority();
      const pair = await issue(ca, PROFILES.talosNode, ["127.0.0.1"]);
      const port = await serveKms(dir, [
        "--enable-tls",
        `--tls-cert=${write(dir, "kms.crt", pair.crt)}`,
        `--tls-key=${write(dir, "kms.key", pair.key)}`,
      ]);
      return [
        "--kms",
        `https://${local(port)}`,
        "--image-ca",
        write(dir, "kms-ca.crt", crt),
        "--node-uuid",
        "03000200-0400-0500-0006-000700080009",
      ];
    },
    want: ["kms-refused"],
  },
  {
    name: "the KMS is down",
    make: async () => ["--kms", "https://127.0.0.1:9"],
    want: ["unreachable"],
  },
];

const page = anchors(readFileSync(new URL("../../docs/reference/findings.md", import.meta.url), "utf8"));

test.each(BROKEN)("finds that $name", async ({ make, want }) => {
  const { exit, diagnosis } = await doctor(await make(scratchDir()));
  expect(exit).toBe(3);
  expect(diagnosis.ok).toBe(false);
  const problems = diagnosis.checks.flatMap((check) => check.problems);
  expect(problems.map(({ id }) => id)).toEqual(want);
  for (const problem of problems) {
    expect(problem.message).not.toBe("");
    expect(problem.cause).toMatch(/\.$/);
    expect(problem.fix).not.toBe("");
    const [path, anchor = ""] = problem.page.split("#");
    expect(path).toBe("docs/reference/findings.md");
    expect(page.has(anchor)).toBe(true);
  }
});

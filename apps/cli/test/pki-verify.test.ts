import { PROFILES } from "@talos-bridge/pki";
import { expect, test } from "vitest";
import {
  ADMIN,
  DAY_MS,
  file,
  HOUR_MS,
  makeAuthority,
  makeLeaf,
  talosconfig,
  type Pair,
} from "./support/authorities.ts";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

const os = await makeAuthority();
const other = await makeAuthority();
const etcd = await makeAuthority("etcd");

interface Row {
  readonly name: string;
  readonly leaf: () => Promise<Pair>;
  readonly argv?: readonly string[];
  /** Id of the problem; undefined = it verifies. */
  readonly want: string | undefined;
  /** Part of what a person reads. */
  readonly says?: string;
}

const ROWS: readonly Row[] = [
  { name: "a node's certificate", leaf: () => makeLeaf(os), want: undefined },
  {
    name: "a node's certificate by its address",
    leaf: () => makeLeaf(os),
    argv: ["--name", "10.0.0.1"],
    want: undefined,
  },
  { name: "a client's certificate", leaf: () => makeLeaf(os, ADMIN), want: undefined },
  {
    name: "one that was valid then",
    leaf: () =>
      makeLeaf(os, PROFILES.talosNode, { now: new Date(NOW.getTime() - HOUR_MS), lifetimeMs: HOUR_MS / 2 }),
    argv: ["--at", new Date(NOW.getTime() - 0.8 * HOUR_MS).toISOString()],
    want: undefined,
  },
  {
    name: "an expired one",
    leaf: () =>
      makeLeaf(os, PROFILES.talosNode, { now: new Date(NOW.getTime() - HOUR_MS), lifetimeMs: HOUR_MS / 2 }),
    want: "expired",
    says: "expired on 2026-06-01",
  },
  {
    name: "one of tomorrow",
    leaf: () => makeLeaf(os, PROFILES.talosNode, { now: new Date(NOW.getTime() + DAY_MS) }),
    want: "not-yet-valid",
  },
  { name: "one of another CA", leaf: () => makeLeaf(etcd), want: "unknown-authority", says: "O=etcd" },
  { name: "one of another cluster's CA of the same name", leaf: () => makeLeaf(other), want: "other-key" },
  {
    name: "a server's certificate in a client's place",
    leaf: () => makeLeaf(os),
    argv: ["--usage", "client"],
    want: "no-client-auth",
  },
  {
    name: "a client's certificate in a server's place",
    leaf: () => makeLeaf(os, ADMIN),
    argv: ["--usage", "server"],
    want: "no-server-auth",
  },
  {
    name: "a wrong address",
    leaf: () => makeLeaf(os),
    argv: ["--name", "10.0.0.2"],
    want: "wrong-name",
    says: "is valid for 10.0.0.1, and not for",
  },
];

test.each(ROWS)("$name", async ({ leaf, argv = [], want, says = "" }) => {
  const dir = scratchDir();
  const line = [
    "pki",
    "verify",
    file(dir, "tls.crt", (await leaf()).crt),
    "--ca",
    file(dir, "ca.crt", os.crt),
    ...argv,
  ];
  const { exit, stdout } = await commandLine([...line, "-o", "json"]);
  const told: { ok: boolean; certificates: readonly { problem?: { id: string; page: string } }[] } =
    JSON.parse(stdout);
  expect(told.certificates.map(({ problem }) => problem?.id)).toEqual([want]);
  expect({ exit, ok: told.ok }).toEqual(want === undefined ? { exit: 0, ok: true } : { exit: 3, ok: false });

  const people = await commandLine(line);
  expect(people.stdout).toContain(says);
  if (want === undefined) return;
  for (const part of ["cause:", "fix:", `page:  docs/reference/findings.md#${want}`]) {
    expect(people.stdout).toContain(part);
  }
});

test("a talosconfig's certificate is a client's, and is not trusted for standing beside its CA", async () => {
  const dir = scratchDir();
  const node = await makeLeaf(os);
  const config = file(dir, "talosconfig", talosconfig(node, os));
  const { stdout } = await commandLine(["pki", "verify", config, "--ca", config]);
  expect(stdout).toContain("✔ ");
  expect(stdout).toContain("contexts.demo.ca: O=talos verifies\n");
  expect(stdout).toContain("contexts.demo.crt: the certificate");
  expect(stdout).toContain("#no-client-auth");
});

test("a certificate with its key and its CA in one file is verified by itself", async () => {
  const dir = scratchDir();
  const { crt, key } = await makeLeaf(os);
  const ca = file(dir, "ca.crt", os.crt);
  const { exit, stdout } = await commandLine([
    "pki",
    "verify",
    file(dir, "all.pem", `${key}${crt}${os.crt}`),
    "--ca",
    ca,
  ]);
  expect(exit).toBe(0);
  expect(stdout.match(/✔/g)).toHaveLength(1);
});

test.each([
  { name: "a CA that is none", ca: async () => (await makeLeaf(os)).crt, target: "crt" as const },
  { name: "a CA that is no certificate", ca: async () => os.key, target: "crt" as const },
  { name: "no certificate to verify", ca: async () => os.crt, target: "key" as const },
])("$name is a fault of the files", async ({ ca, target }) => {
  const dir = scratchDir();
  const leaf = await makeLeaf(os);
  const argv = [file(dir, "target", leaf[target]), "--ca", file(dir, "ca.crt", await ca())];
  const { exit, stdout, stderr } = await commandLine(["pki", "verify", ...argv]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("TB1007");
});

test.each([["--usage", "both"], ["--at", "soon"], []])("usage: %s %s exits 1", async (...argv) => {
  expect((await commandLine(["pki", "verify", "x", ...argv])).exit).toBe(1);
});

test("text that begins a great many blocks and ends none is refused, not pondered", async () => {
  const text = `${os.crt}${"-----BEGIN A-----\n".repeat(200_000)}`;
  const path = file(scratchDir(), "many.pem", text);
  const { exit, stderr } = await commandLine(["pki", "verify", path, "--ca", path]);
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining("TB1007") });
});

test.each([
  { name: "a key before it", text: `${os.key}${os.crt}`, want: { exit: 0, id: undefined } },
  { name: "a key after it", text: `${os.crt}${os.key}`, want: { exit: 0, id: undefined } },
  {
    name: "a key that does not end before it",
    text: `-----BEGIN PRIVATE KEY-----\nAAAA\n${os.crt}`,
    want: { exit: 3, id: "certificate" },
  },
])("a certificate with $name", async ({ text, want }) => {
  const dir = scratchDir();
  const argv = [
    "pki",
    "verify",
    file(dir, "tls.pem", text),
    "--ca",
    file(dir, "ca.crt", os.crt),
    "-o",
    "json",
  ];
  const { exit, stdout } = await commandLine(argv);
  const id = /"id": "(?<id>[a-z-]+)"/.exec(stdout)?.groups?.["id"];
  expect({ exit, id }).toEqual(want);
});

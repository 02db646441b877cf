import { PROFILES, readCertificate, type Certificate } from "@talos-bridge/pki";
import { expect, test } from "vitest";
import type { Check } from "../src/doctor/check.ts";
import { checksOf, untilGood, withStdinKept } from "../src/doctor/doctor.ts";
import type { Facts, SigningFact, TlsFact } from "../src/doctor/facts.ts";
import { reportText } from "../src/doctor/report.ts";
import { ADMIN, base64, DAY_MS, file, HOUR_MS, makeAuthority, makeLeaf } from "./support/authorities.ts";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

const os = await makeAuthority();
const other = await makeAuthority();
const root = os.ca.certificate;
const node = readCertificate((await makeLeaf(os, PROFILES.talosNode, { lifetimeMs: DAY_MS })).der);
const endpoint = { host: "10.0.0.1", port: 50_001, secure: true };

const tls = (leaf: Certificate = node): TlsFact => ({
  ok: true,
  leaf,
  intermediates: [],
  protocol: "TLSv1.3",
});
const signed = (more: Partial<Extract<SigningFact, { ok: true }>> = {}): SigningFact => ({
  ok: true,
  leaf: node,
  roots: [root],
  ms: 3,
  ...more,
});

const NOTHING: Facts = {
  now: NOW,
  expiringWithinMs: 30 * DAY_MS,
  files: [],
  talosCas: [root],
  ownCa: root,
  kubernetesCas: undefined,
  imageCas: [],
  kmsCas: [],
  client: undefined,
  signer: undefined,
  servers: [],
  kms: [],
};

const found = (facts: Partial<Facts>): readonly string[] =>
  checksOf({ ...NOTHING, ...facts }).flatMap(({ problems }) => problems.map(({ id }) => id));

test.each<{ name: string; facts: Partial<Facts>; want: readonly string[] }>([
  { name: "a good signer", facts: { signer: { endpoint, tls: tls(), signing: signed() } }, want: [] },
  {
    name: "a signer of a rotation: the new CA signs, both are returned",
    facts: {
      talosCas: [root, other.ca.certificate],
      signer: { endpoint, tls: tls(), signing: signed({ roots: [other.ca.certificate, root] }) },
    },
    want: [],
  },
  {
    name: "the CA that signs is not the last: a worker would make its next key after another",
    facts: { signer: { endpoint, tls: tls(), signing: signed({ roots: [root, other.ca.certificate] }) } },
    want: ["signer-answer"],
  },
  {
    name: "no CA comes with the certificate",
    facts: { signer: { endpoint, tls: tls(), signing: signed({ roots: [] }) } },
    want: ["signer-answer"],
  },
  {
    name: "the signer's clock is ahead",
    facts: {
      now: new Date(NOW.getTime() - HOUR_MS / 2),
      signer: { endpoint, tls: tls(), signing: signed() },
    },
    want: ["not-yet-valid", "clock-skew"],
  },
  {
    name: "what lives a day is not told to expire soon",
    facts: { servers: [{ what: "apid", endpoint, tls: tls() }] },
    want: [],
  },
  {
    name: "in its last third it is",
    facts: {
      now: new Date(NOW.getTime() + 0.7 * DAY_MS),
      servers: [{ what: "apid", endpoint, tls: tls() }],
    },
    want: ["expiring"],
  },
  {
    name: "without a CA to trust, names and times are looked at",
    facts: {
      talosCas: undefined,
      ownCa: undefined,
      servers: [{ what: "apid", endpoint: { ...endpoint, host: "10.0.0.9" }, tls: tls() }],
    },
    want: ["wrong-name"],
  },
  {
    name: "a KMS behind a private CA, for EPHEMERAL alone",
    facts: {
      kmsCas: [root],
      kms: [
        {
          url: "https://10.0.0.1:8080",
          inFile: false,
          endpoint,
          forState: false,
          tls: tls(),
          roundTrip: undefined,
        },
      ],
    },
    want: [],
  },
  {
    name: "the same for STATE",
    facts: {
      kmsCas: [root],
      kms: [
        {
          url: "https://10.0.0.1:8080",
          inFile: false,
          endpoint,
          forState: true,
          tls: tls(),
          roundTrip: undefined,
        },
      ],
    },
    want: ["kms-state-trust"],
  },
  {
    name: "a talosconfig of this cluster",
    facts: {
      client: {
        path: "talosconfig",
        context: "demo",
        leaf: readCertificate((await makeLeaf(os, ADMIN)).der),
        intermediates: [],
      },
    },
    want: [],
  },
])("$name", ({ facts, want }) => {
  expect(found(facts)).toEqual(want);
});

test("what was not looked at says so, and why", () => {
  const signer = { endpoint, tls: tls(), signing: undefined };
  const text = reportText(checksOf({ ...NOTHING, signer }));
  expect(text).toMatch(/► join +– not looked at: it needs/);
  expect(text).toMatch(/all 1 checks are good\n$/);
});

const good: Check = { subject: "it", says: "good", problems: [] };
const bad: Check = { ...good, problems: [{ id: "unreachable", severity: "error", message: "no" }] };

test.each([
  { name: "good at once", rounds: [[good]], waitMs: 0, want: { rounds: 1, pauses: 0, last: good } },
  { name: "bad, and nobody waits", rounds: [[bad]], waitMs: 0, want: { rounds: 1, pauses: 0, last: bad } },
  {
    name: "good in time",
    rounds: [[bad], [bad], [good]],
    waitMs: 60,
    want: { rounds: 3, pauses: 2, last: good },
  },
  { name: "never good", rounds: [[bad]], waitMs: 25, want: { rounds: 4, pauses: 3, last: bad } },
])("--wait: $name", async ({ rounds, waitMs, want }) => {
  let clock = 0;
  let pauses = 0;
  let round = 0;
  const last = await untilGood(async () => rounds[Math.min(round++, rounds.length - 1)] ?? [], {
    waitMs,
    elapsed: () => clock,
    async pause(failed) {
      expect(failed).toBe(1);
      clock += 10;
      pauses++;
    },
  });
  expect({ rounds: round, pauses, last: last[0] }).toEqual(want);
});

test("--wait: standard input, which can be read once, is there for every round", async () => {
  const pieces = ["secrets"];
  const screen = { write: () => undefined, isTerminal: false };
  const world = withStdinKept({
    argv: [],
    env: {},
    readStdin: async () => Buffer.from(pieces.pop() ?? ""),
    stdout: screen,
    stderr: screen,
    now: () => NOW,
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  });
  const read = async (): Promise<string> => Buffer.from(await world.readStdin()).toString();
  expect([await read(), await read()]).toEqual(["secrets", "secrets"]);
});

test("nothing to look at is a usage error", async () => {
  const { exit, stdout, stderr } = await commandLine(["doctor"]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("TB1001");
});

test.each(["--ca", "--kms-ca", "--image-ca"])("%s that is no CA is told, not passed over", async (option) => {
  const leaf = file(scratchDir(), "tls.crt", (await makeLeaf(os)).crt);
  const { exit, stdout, stderr } = await commandLine(["doctor", "--endpoint", "127.0.0.1:9", option, leaf]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("TB1007");
});

test("what a server says can't write to the terminal", () => {
  const message = "refused: \u001b[2J\n► all is well";
  const signing: SigningFact = { ok: false, id: "signer-refused", message };
  const text = reportText(checksOf({ ...NOTHING, signer: { endpoint, tls: tls(), signing } }));
  expect(text).not.toContain("\u001b");
  expect(text).not.toContain("\n► all");
});

test("no secret of a file is in the report", async () => {
  const dir = scratchDir();
  const token = "canary.0123456789abcdef";
  const secret = base64("canary of 32 bytes, which is odd");
  const bundle = file(
    dir,
    "secrets.yaml",
    `cluster:\n  id: ${secret}\n  secret: ${secret}x\nsecrets:\n  bootstraptoken: ${token}x\n  secretboxencryptionsecret: ${secret}\ntrustdinfo:\n  token: "${token} "\ncerts:\n  os:\n    crt: ${base64(os.crt)}\n    key: ${base64(os.key)}\n`,
  );
  for (const format of ["table", "json"]) {
    const { exit, stdout, stderr } = await commandLine(["doctor", "--secrets", bundle, "-v", "-o", format]);
    expect(exit).toBe(3);
    for (const each of [token, secret, base64(os.key).slice(0, 60)])
      expect(stdout + stderr).not.toContain(each);
  }
});

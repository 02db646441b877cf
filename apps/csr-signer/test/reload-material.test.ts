import {
  createCertificateAuthority,
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
  type CreatedAuthority,
} from "@talos-bridge/pki";
import { describe, expect, test } from "vitest";
import { loadMaterial, type Material, type MaterialOptions } from "../src/material.ts";
import type { MaterialPaths } from "../src/material-paths.ts";
import { reloadMaterial } from "../src/reload-material.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const TOKEN = "abcdef.0123456789abcdef";
const PATHS: MaterialPaths = {
  caCertificate: "ca.crt",
  caKey: "ca.key",
  serving: { certificate: "tls.crt", key: "tls.key" },
  acceptedCas: "accepted.crt",
  tokenFile: { path: "token", required: true },
};
const OPTIONS: MaterialOptions = { paths: PATHS, givenToken: undefined, ownNames: ["127.0.0.1"] };

const oldCa = await createCertificateAuthority({ now: NOW });
const newCa = await createCertificateAuthority({ keyType: "ecdsa-p256", now: NOW });
const oldServing = await servingOf(oldCa);
const newServing = await servingOf(newCa);
const longExpired = await servingOf(oldCa, new Date(NOW.getTime() + 1_000), 1_000);

type Files = Record<string, string | undefined>;
const GOOD: Files = {
  "ca.crt": oldCa.certificatePem,
  "ca.key": oldCa.keyPem,
  "tls.crt": oldServing.crt,
  "tls.key": oldServing.key,
  "accepted.crt": oldCa.certificatePem,
  token: TOKEN,
};

async function servingOf(
  ca: CreatedAuthority,
  now = NOW,
  lifetimeMs = 86_400_000,
): Promise<{ crt: string; key: string }> {
  const loaded = loadCertificateAuthority({ certificates: ca.certificatePem, key: ca.keyPem });
  if (!loaded.ok) throw new Error("the CA does not load");
  const key = await generateKey("ecdsa-p256");
  const names = { commonName: "signer", dnsNames: [], ipAddresses: ["127.0.0.1"] };
  const leaf = await issueCertificate(loaded.issuing, {
    profile: PROFILES.talosNode,
    names,
    spki: key.publicKey.spki,
    now,
    lifetimeMs,
  });
  return { crt: leaf.pem, key: key.key.export({ type: "pkcs8", format: "pem" }).toString() };
}

function contentsOf(files: Files): Map<string, Buffer | undefined> {
  return new Map(
    Object.entries(files).map(([path, text]) => [path, text === undefined ? undefined : Buffer.from(text)]),
  );
}

async function load(files: Files = GOOD): Promise<Material> {
  const loaded = await loadMaterial(OPTIONS, contentsOf(files), NOW);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return loaded.value;
}

interface Row {
  readonly name: string;
  readonly change: Files;
  readonly swapped: readonly string[];
  readonly faulty: readonly string[];
  readonly now?: Date;
}

const ROWS: readonly Row[] = [
  { name: "nothing new", change: {}, swapped: [], faulty: [] },
  {
    name: "token added",
    change: { token: `${TOKEN}\nnewtok.0123456789abcdef` },
    swapped: ["tokens"],
    faulty: [],
  },
  { name: "token file emptied", change: { token: "\n# gone\n" }, swapped: [], faulty: ["tokens"] },
  { name: "token file gone", change: { token: undefined }, swapped: [], faulty: ["tokens"] },
  {
    name: "CA certificate half-written",
    change: { "ca.crt": oldCa.certificatePem.slice(0, 100) },
    swapped: [],
    faulty: ["trust"],
  },
  {
    name: "CA certificate new, key still old",
    change: { "ca.crt": newCa.certificatePem },
    swapped: [],
    faulty: ["trust"],
  },
  {
    name: "new CA, old one still accepted: the old serving certificate still chains",
    change: { "ca.crt": newCa.certificatePem, "ca.key": newCa.keyPem },
    swapped: ["trust"],
    faulty: [],
  },
  {
    name: "new CA that drops the old: waits for its serving pair",
    change: { "ca.crt": newCa.certificatePem, "ca.key": newCa.keyPem, "accepted.crt": newCa.certificatePem },
    swapped: [],
    faulty: ["trust"],
  },
  {
    name: "serving pair of a CA not accepted yet waits",
    change: { "tls.crt": newServing.crt, "tls.key": newServing.key },
    swapped: [],
    faulty: ["serving"],
  },
  {
    name: "new CA and its serving pair together",
    change: {
      "ca.crt": newCa.certificatePem,
      "ca.key": newCa.keyPem,
      "accepted.crt": newCa.certificatePem,
      "tls.crt": newServing.crt,
      "tls.key": newServing.key,
    },
    swapped: ["trust", "serving"],
    faulty: [],
  },
  {
    name: "serving certificate new, key still old",
    change: { "tls.crt": newServing.crt },
    swapped: [],
    faulty: ["serving"],
  },
  {
    name: "serving pair that has expired waits",
    change: { "tls.crt": longExpired.crt, "tls.key": longExpired.key },
    now: new Date(NOW.getTime() + 3_600_000),
    swapped: [],
    faulty: ["serving"],
  },
  {
    name: "damaged trust does not hold up new tokens",
    change: { "ca.key": "x", token: "newtok.0123456789abcdef" },
    swapped: ["tokens"],
    faulty: ["trust"],
  },
  {
    name: "accepted CAs grow",
    change: { "accepted.crt": `${oldCa.certificatePem}${newCa.certificatePem}` },
    swapped: ["trust"],
    faulty: [],
  },
];

describe("row 42: files change in groups, whole or not at all", () => {
  test.each(ROWS)("row 42: $name", async ({ change, swapped, faulty, now = NOW }) => {
    const before = await load();
    const files = { ...GOOD, ...change };
    const reloaded = await reloadMaterial(
      before,
      OPTIONS,
      new Set(Object.keys(change)),
      contentsOf(files),
      now,
    );
    expect(reloaded.swapped).toEqual(swapped);
    expect(reloaded.faults.map(({ group }) => group)).toEqual(faulty);
    if (!swapped.includes("trust")) expect(reloaded.material.trust).toBe(before.trust);
    if (!swapped.includes("serving")) expect(reloaded.material.serving).toBe(before.serving);
    if (!swapped.includes("tokens")) expect(reloaded.material.tokens).toBe(before.tokens);
    expect(JSON.stringify(reloaded.faults)).not.toContain(TOKEN);
  });
});

test("the given token and the file's are valid at start; from the file's first change on it alone decides", async () => {
  const options = { ...OPTIONS, givenToken: "given1.0123456789abcdef" };
  const loaded = await loadMaterial(options, contentsOf(GOOD), NOW);
  if (!loaded.ok) throw new Error("does not load");
  const verdicts = (material: Material): (string | undefined)[] =>
    ["given1.0123456789abcdef", TOKEN, "newtok.0123456789abcdef"].map((token) =>
      material.tokens.verify(token),
    );
  expect(verdicts(loaded.value)).toEqual(["env", "file:1", undefined]);
  const changed = contentsOf({ ...GOOD, token: "# rotated\nnewtok.0123456789abcdef\n" });
  const reloaded = await reloadMaterial(loaded.value, options, new Set(["token"]), changed, NOW);
  expect(verdicts(reloaded.material)).toEqual([undefined, undefined, "file:2"]);
});

test("of several certificates in the CA file the one of the key issues, last in `ca`; doubles go", async () => {
  const material = await load({
    ...GOOD,
    "ca.crt": `${oldCa.certificatePem}${newCa.certificatePem}`,
    "accepted.crt": `${newCa.certificatePem}${newCa.certificatePem}`,
  });
  expect(new TextDecoder().decode(material.trust.acceptedPem)).toBe(
    `${newCa.certificatePem}${oldCa.certificatePem}`,
  );
});

test("a self-issued serving certificate follows its CA", async () => {
  const options: MaterialOptions = {
    ...OPTIONS,
    paths: { ...PATHS, serving: undefined, acceptedCas: undefined },
  };
  const loaded = await loadMaterial(options, contentsOf(GOOD), NOW);
  if (!loaded.ok) throw new Error("does not load");
  const files = contentsOf({ ...GOOD, "ca.crt": newCa.certificatePem, "ca.key": newCa.keyPem });
  const reloaded = await reloadMaterial(loaded.value, options, new Set(["ca.crt", "ca.key"]), files, NOW);
  expect(reloaded.swapped).toEqual(["trust", "serving"]);
  expect(reloaded.faults).toEqual([]);
});

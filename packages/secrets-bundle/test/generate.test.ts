import { decodePem } from "@talos-bridge/pem";
import { AUTHORITY_PROFILES, loadCertificateAuthority, readCertificates } from "@talos-bridge/pki";
import {
  encodeSecretsBundle,
  generateSecretsBundle,
  PKI_MAKERS,
  readSecretsBundle,
  type BundleMakers,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";

const now = new Date("2030-01-01T00:00:00Z");
// RSA takes seconds; that Talos has it is the default's matter, see below.
const bundle = await generateSecretsBundle({ now, serviceAccountKeyType: "ecdsa-p256" });

const labelOf = (pem: string): string | undefined => decodePem(pem)[0]?.label;

describe("a new bundle", () => {
  test("has tokens, ids and secrets as Talos makes them", () => {
    expect(bundle.cluster.id).toMatch(/^[A-Za-z0-9_-]{43}=$/);
    expect(bundle.cluster.secret).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(bundle.secrets.secretboxEncryptionSecret).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(bundle.secrets.bootstrapToken).toMatch(/^[0-9a-z]{6}\.[0-9a-z]{16}$/);
    expect(bundle.trustdInfo.token).toMatch(/^[0-9a-z]{6}\.[0-9a-z]{16}$/);
  });

  test.each([
    { name: "etcd", subject: "O=etcd", label: "EC PRIVATE KEY" },
    { name: "k8s", subject: "O=kubernetes", label: "EC PRIVATE KEY" },
    { name: "k8sAggregator", subject: "", label: "EC PRIVATE KEY" },
    { name: "os", subject: "O=talos", label: "ED25519 PRIVATE KEY" },
  ] as const)("has a CA for $name", ({ name, subject, label }) => {
    const { crt, key } = bundle.certs[name];
    const loaded = loadCertificateAuthority({ certificates: crt, key });
    expect(loaded.ok && loaded.issuing.certificate.subject).toBe(subject);
    expect(labelOf(key)).toBe(label);
    const [certificate] = readCertificates(crt);
    expect(certificate?.notBefore).toEqual(now);
    expect(certificate?.notAfter).toEqual(new Date(now.getTime() + 87_600 * 3_600_000));
  });

  test("is read again as it was written", () => {
    expect(readSecretsBundle(encodeSecretsBundle(bundle))).toEqual(bundle);
  });
});

/** Makers that say what they were asked for. */
function recorder(): { readonly asked: string[]; readonly makers: BundleMakers } {
  const asked: string[] = [];
  const makers: BundleMakers = {
    authority: async ({ organization, keyType }) => {
      asked.push(`${organization} ${keyType}`);
      return { crt: "", key: "" };
    },
    key: async (keyType) => {
      asked.push(`service account ${keyType}`);
      return "";
    },
  };
  return { asked, makers };
}

test("the service account key is RSA-4096, as Talos has it", async () => {
  const { asked, makers } = recorder();
  await generateSecretsBundle({ now, makers });
  expect(asked).toEqual([
    "etcd ecdsa-p256",
    "kubernetes ecdsa-p256",
    " ecdsa-p256",
    "talos ed25519",
    "service account rsa-4096",
  ]);
});

test("the CA of the Talos API is of the type asked for", async () => {
  const { asked, makers } = recorder();
  await generateSecretsBundle({ now, makers, osKeyType: "ecdsa-p256" });
  expect(asked).toContain("talos ecdsa-p256");
});

test("RSA keys come under their own label", async () => {
  const { key } = await PKI_MAKERS.authority({ ...AUTHORITY_PROFILES.talos, keyType: "rsa-2048" }, now);
  expect(labelOf(key)).toBe("RSA PRIVATE KEY");
});

describe("random bytes", () => {
  const { makers } = recorder();

  test("of one source give one bundle", async () => {
    const counting = (): ((n: number) => Uint8Array) => {
      let next = 0;
      return (n) => Uint8Array.from({ length: n }, () => next++ % 256);
    };
    const make = (): Promise<unknown> => generateSecretsBundle({ now, makers, random: counting() });
    expect(await make()).toEqual(await make());
    expect(await make()).toMatchObject({
      cluster: { id: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" },
      secrets: { bootstrapToken: "stuvwx.456789abcdefghij" },
    });
  });

  test("of 252 and more are not used: they would make some characters likelier", async () => {
    const ends = Uint8Array.of(252, 253, 254, 255, 251);
    let next = 0;
    const random = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => ends[next++ % 5] ?? 0);
    const { trustdInfo } = await generateSecretsBundle({ now, makers, random });
    expect(trustdInfo.token).toBe("zzzzzz.zzzzzzzzzzzzzzzz");
  });

  test("of a source that is none are an error, not a wait", async () => {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(255);
    await expect(generateSecretsBundle({ now, makers, random })).rejects.toMatchObject({
      code: "ERR_BUNDLE_INPUT",
    });
  });
});

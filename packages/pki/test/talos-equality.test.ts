// What is made here, value by value beside what Talos's own Go code made (fixtures/README.md). Listed are the values that may
// differ; all others, down to the flags and the string types, are the same bytes.
import { decodeSinglePem } from "@talos-bridge/pem";
import {
  AUTHORITY_PROFILES,
  createCertificateAuthority,
  createCertificateRequest,
  createNodeRequest,
  createServiceAccountKey,
  encodePrivateKey,
  issueCertificate,
  loadCertificateAuthority,
  nodeKeyType,
  PROFILES,
  readCertificate,
  readCertificateRequest,
  readCertificates,
  readPrivateKey,
  talosClientProfile,
  verifyChain,
  type CertificateAuthority,
  type LeafProfile,
  type Names,
} from "@talos-bridge/pki";
import { describe, expect, test } from "vitest";
import { primitivesOf } from "./support/der-tree.ts";
import { CA_TYPES, fixture } from "./support/fixtures.ts";

const MADE_AT = new Date("2030-01-01T00:00:00Z");
const labelOf = (pem: string): string | undefined => /^-----BEGIN (.*)-----\n/.exec(pem)?.[1];
const derOf = (pem: string, label = "CERTIFICATE"): Uint8Array =>
  decodeSinglePem(pem, { labels: [label] }).der;

function authorityOf(name: string): CertificateAuthority {
  const loaded = loadCertificateAuthority({
    certificates: fixture(`talos/${name}.crt`),
    key: fixture(`talos/${name}.key`),
  });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join("; "));
  return loaded.issuing;
}

/** Paths of the values that are not the same in both. */
function differences(mine: Uint8Array, talos: Uint8Array): readonly string[] {
  const [a, b] = [primitivesOf(mine), primitivesOf(talos)];
  expect(a.map(({ path }) => path)).toEqual(b.map(({ path }) => path));
  return a.flatMap((each, i) =>
    each.tag === b[i]?.tag && each.content === b[i].content ? [] : [`${each.path} ${each.tag}`],
  );
}

const SERIAL = "0.0.1 2";
const SIGNATURE = "0.2 3";

describe("authorities", () => {
  const rows = [
    { name: "os", profile: AUTHORITY_PROFILES.talos, label: "ED25519 PRIVATE KEY", subject: "O=talos" },
    { name: "etcd", profile: AUTHORITY_PROFILES.etcd, label: "EC PRIVATE KEY", subject: "O=etcd" },
    { name: "k8s", profile: AUTHORITY_PROFILES.kubernetes, label: "EC PRIVATE KEY", subject: "O=kubernetes" },
    {
      name: "k8s-aggregator",
      profile: AUTHORITY_PROFILES.kubernetesAggregator,
      label: "EC PRIVATE KEY",
      // Talos asks for the CN front-proxy, and siderolabs/crypto does not write it.
      subject: "",
    },
  ];
  test.each(rows)(
    "$name: all but serial, key identifier and signature",
    async ({ name, profile, subject }) => {
      const privateKey = readPrivateKey(fixture(`talos/${name}.key`));
      const mine = await createCertificateAuthority({ profile, privateKey, now: MADE_AT });
      const talos = fixture(`talos/${name}.crt`);
      const keyIdentifier = "0.0.7.0.3.1 4";
      expect(differences(derOf(mine.certificatePem), derOf(talos))).toEqual([
        SERIAL,
        keyIdentifier,
        SIGNATURE,
      ]);
      const [theirs] = readCertificates(talos);
      expect(theirs?.subject).toBe(subject);
      expect(mine.certificate.subjectKeyId?.length).toBe(theirs?.subjectKeyId?.length);
      expect(mine.certificate.serialNumber).toMatch(/^[89a-f][0-9a-f]{31}$/);
      expect(mine.keyPem).toBe(fixture(`talos/${name}.key`));
    },
  );

  test.each(rows)("$name: a new one has a key of Talos's type and format", async ({ profile, label }) => {
    const made = await createCertificateAuthority({ profile, now: MADE_AT });
    expect(labelOf(made.keyPem)).toBe(label);
    expect(made.privateKey.publicKey.type).toBe(profile.keyType);
    expect(loadCertificateAuthority({ certificates: made.certificatePem, key: made.keyPem }).ok).toBe(true);
  });

  test.each(CA_TYPES)("the Talos OS CA as %s, as siderolabs/crypto makes it", async (type) => {
    const privateKey = readPrivateKey(fixture(`${type}/ca.key`));
    const [talos] = readCertificates(fixture(`${type}/ca.crt`));
    if (talos === undefined) throw new Error("no fixture");
    const { certificate, keyPem } = await createCertificateAuthority({
      privateKey,
      now: talos.notBefore,
      lifetimeMs: talos.notAfter.getTime() - talos.notBefore.getTime(),
    });
    expect(differences(certificate.der, talos.der)).toEqual([SERIAL, "0.0.7.0.3.1 4", SIGNATURE]);
    expect(keyPem).toBe(fixture(`${type}/ca.key`));
  });

  test("the service account key is a key, in Talos's format: ECDSA before 1.7", async () => {
    const { keyPem, privateKey } = await createServiceAccountKey("ecdsa-p256");
    expect(labelOf(keyPem)).toBe(labelOf(fixture("talos/k8s-serviceaccount-1.6.key")));
    expect(readPrivateKey(keyPem).publicKey.spki).toEqual(privateKey.publicKey.spki);
  });

  test("Talos's RSA service account key is written back byte by byte", () => {
    const pem = fixture("talos/k8s-serviceaccount.key");
    const key = readPrivateKey(pem);
    expect(key.publicKey.bits).toBe(4096);
    expect(encodePrivateKey(key, "talos")).toBe(pem);
  });
});

describe("leaves", () => {
  const none: Names = { commonName: "", dnsNames: [], ipAddresses: [] };
  const peer: Names = {
    commonName: "cp-1",
    dnsNames: ["cp-1", "cp-1.example.org"],
    ipAddresses: ["10.5.0.2"],
  };
  const client = talosClientProfile(["os:reader", "os:operator"]);
  // A CN that was asked for is a UTF8String here and, in ASCII, a PrintableString there.
  const commonName = "0.0.5.0.0.1 c";
  const rows: {
    name: string;
    ca: string;
    profile: LeafProfile;
    names: Names;
    differs?: readonly string[];
    usage: "serverAuth" | "clientAuth";
  }[] = [
    { name: "client", ca: "os", profile: client.profile, names: none, usage: "clientAuth" },
    {
      name: "etcd-server",
      ca: "etcd",
      profile: PROFILES.etcdServer,
      names: {
        commonName: "cp-1",
        dnsNames: ["cp-1", "cp-1.example.org", "localhost"],
        ipAddresses: ["10.5.0.2", "127.0.0.1", "::1"],
      },
      differs: [commonName],
      usage: "serverAuth",
    },
    {
      name: "etcd-peer",
      ca: "etcd",
      profile: PROFILES.etcdPeer,
      names: peer,
      differs: [commonName],
      usage: "clientAuth",
    },
    {
      name: "etcd-client",
      ca: "etcd",
      profile: PROFILES.etcdClient,
      names: { ...none, commonName: "kube-apiserver" },
      differs: [commonName],
      usage: "clientAuth",
    },
    { name: "kube-apiserver", ca: "k8s", profile: PROFILES.kubeApiserver, names: peer, usage: "serverAuth" },
    {
      name: "apiserver-kubelet-client",
      ca: "k8s",
      profile: PROFILES.apiserverKubeletClient,
      names: none,
      usage: "clientAuth",
    },
    {
      name: "front-proxy-client",
      ca: "k8s-aggregator",
      profile: PROFILES.frontProxyClient,
      names: none,
      usage: "clientAuth",
    },
  ];
  test.each(rows)(
    "$name: all but serial and signature",
    async ({ name, ca, profile, names, differs, usage }) => {
      const issuing = authorityOf(ca);
      const [talos] = readCertificates(fixture(`talos/${name}.crt`));
      if (talos === undefined) throw new Error("no fixture");
      // The minute that every certificate is back-dated by here.
      const now = new Date(MADE_AT.getTime() + 60_000);
      const issued = await issueCertificate(issuing, {
        profile,
        names,
        spki: talos.publicKey.spki,
        now,
        lifetimeMs: profile.lifetimeMs - 60_000,
      });
      // The CA begins when the leaf does, so nothing is cut off but the minute: see the next test for the lifetime.
      expect(differences(issued.der, talos.der)).toEqual([SERIAL, ...(differs ?? []), SIGNATURE]);
      for (const leaf of [talos, readCertificate(issued.der)]) {
        expect(verifyChain({ leaf, roots: [issuing.certificate], now, usage }).ok).toBe(true);
      }
    },
  );

  test("a client's life is 8,760 hours, cut at the end of the CA", async () => {
    const issuing = authorityOf("os");
    const { publicKey } = readPrivateKey(fixture("talos/client.key"));
    const at = (now: Date): Promise<{ notAfter: Date }> =>
      issueCertificate(issuing, { profile: client.profile, spki: publicKey.spki, now });
    expect((await at(MADE_AT)).notAfter).toEqual(new Date("2031-01-01T00:00:00Z"));
    expect((await at(new Date("2039-06-01T00:00:00Z"))).notAfter).toEqual(issuing.certificate.notAfter);
  });

  test("an Ed25519 key gets no keyEncipherment, whatever the profile has", async () => {
    const { publicKey } = readPrivateKey(fixture("talos/client.key"));
    const { der } = await issueCertificate(authorityOf("k8s"), {
      profile: PROFILES.apiserverKubeletClient,
      spki: publicKey.spki,
      now: MADE_AT,
    });
    expect(readCertificate(der).keyUsage).toEqual(["digitalSignature"]);
  });
});

describe("a worker's request", () => {
  test.each(CA_TYPES)("%s: all but key and signature", async (type) => {
    const talos = fixture(`${type}/worker.csr`);
    const { commonName, dnsNames, ipAddresses } = readCertificateRequest(talos);
    const privateKey = readPrivateKey(fixture(`${type}/ca.key`));
    const mine = await createCertificateRequest({ names: { commonName, dnsNames, ipAddresses }, privateKey });
    const label = "CERTIFICATE REQUEST";
    expect(labelOf(mine)).toBe(labelOf(talos));
    expect(differences(derOf(mine, label), derOf(talos, label))).toEqual(["0.0.2.1 3", SIGNATURE]);
  });

  test("a new key each time, of the last accepted CA's type, in Talos's format", async () => {
    const names: Names = { commonName: "worker-1", dnsNames: ["worker-1"], ipAddresses: ["10.5.0.4"] };
    const accepted = readCertificates(fixture("rsa-4096/ca.crt") + fixture("talos/etcd.crt"));
    const keyType = nodeKeyType(accepted);
    expect(keyType).toBe("ecdsa-p256");
    expect(nodeKeyType(accepted.slice(0, 1))).toBe("rsa-4096");
    expect(nodeKeyType(readCertificates(fixture("talos/os.crt")))).toBe("ed25519");
    expect(() => nodeKeyType([])).toThrow(expect.objectContaining({ code: "ERR_PKI_BUNDLE" }));
    const [one, other] = [await createNodeRequest({ names, keyType }), await createNodeRequest({ names })];
    expect([labelOf(one.keyPem), labelOf(other.keyPem)]).toEqual(["EC PRIVATE KEY", "ED25519 PRIVATE KEY"]);
    const read = readCertificateRequest(one.requestPem);
    expect(read.publicKey.spki).toEqual(readPrivateKey(one.keyPem).publicKey.spki);
    expect(read).toMatchObject({ ...names, dropped: [] });
  });
});

// What `@talos-bridge/pki` makes and decides, as JSON on stdout, for pki.go to judge: authorities, leaves, requests, and chains
// with the verdict. Certificates are base64 of DER, keys are PEM.
import {
  AUTHORITY_PROFILES,
  createCertificateAuthority,
  createCertificateRequest,
  createNodeRequest,
  createServiceAccountKey,
  encodePrivateKey,
  generateKey,
  issueCertificate,
  PROFILES,
  talosClientProfile,
  verifyChain,
  type Certificate,
  type CertificateAuthority,
  type GeneratedKeyType,
  type LeafProfile,
  type Names,
} from "@talos-bridge/pki";
import { caFlag, certificateOf, purposes } from "../../packages/pki/test/support/certificate.ts";
import { altNames, der, dns, extension, ip } from "../../packages/pki/test/support/der.ts";
import { createRandom, type Random } from "../fuzz/random.ts";

const now = new Date();
const base64 = (certificate: { readonly der: Uint8Array }): string =>
  Buffer.from(certificate.der).toString("base64");

// The one RSA key for all: of 4096 bits one takes seconds.
const serviceAccount = await createServiceAccountKey();

const authorities: { name: string; crt: string; key: string; pkcs8: string }[] = [];
const made = new Map<string, CertificateAuthority>();
const KINDS: readonly (readonly [keyof typeof AUTHORITY_PROFILES, GeneratedKeyType | undefined])[] = [
  ["talos", undefined],
  ["talos", "ecdsa-p256"],
  ["talos", "rsa-4096"],
  ["etcd", undefined],
  ["kubernetes", undefined],
  ["kubernetesAggregator", undefined],
];
for (const [profile, keyType] of KINDS) {
  const given = { profile: AUTHORITY_PROFILES[profile], now };
  const ca = await createCertificateAuthority({
    ...given,
    ...(keyType !== undefined && { keyType }),
    ...(keyType === "rsa-4096" && { privateKey: serviceAccount.privateKey }),
  });
  const name = keyType === undefined ? profile : `${profile} ${keyType}`;
  made.set(name, ca);
  authorities.push({
    name,
    crt: ca.certificatePem,
    key: ca.keyPem,
    pkcs8: encodePrivateKey(ca.privateKey, "pkcs8"),
  });
}

const none: Names = { commonName: "", dnsNames: [], ipAddresses: [] };
const node: Names = { commonName: "cp-1", dnsNames: ["cp-1", "cp-1.example.org"], ipAddresses: ["10.5.0.2"] };
const LEAVES: readonly (readonly [name: string, ca: string, profile: LeafProfile, names: Names])[] = [
  ["client", "talos", talosClientProfile(["os:reader", "os:operator"]).profile, none],
  ["etcd-server", "etcd", PROFILES.etcdServer, node],
  ["etcd-peer", "etcd", PROFILES.etcdPeer, node],
  ["etcd-client", "etcd", PROFILES.etcdClient, { ...none, commonName: "kube-apiserver" }],
  ["kube-apiserver", "kubernetes", PROFILES.kubeApiserver, node],
  ["apiserver-kubelet-client", "kubernetes", PROFILES.apiserverKubeletClient, none],
  ["front-proxy-client", "kubernetesAggregator", PROFILES.frontProxyClient, none],
];
const leaves: { name: string; ca: string; crt: string; key: string }[] = [];
for (const [name, caName, profile, names] of LEAVES) {
  const ca = made.get(caName);
  if (ca === undefined) throw new Error(`no authority ${caName}`);
  const privateKey = await generateKey(ca.privateKey.publicKey.type === "ed25519" ? "ed25519" : "ecdsa-p256");
  const { pem } = await issueCertificate(ca, { profile, names, spki: privateKey.publicKey.spki, now });
  leaves.push({ name, ca: caName, crt: pem, key: encodePrivateKey(privateKey, "talos") });
}

const requests: { name: string; csr: string; key: string }[] = [];
for (const keyType of ["ed25519", "ecdsa-p256"] as const) {
  const { requestPem, keyPem } = await createNodeRequest({ names: node, keyType });
  requests.push({ name: keyType, csr: requestPem, key: keyPem });
}
requests.push({
  name: "rsa-4096",
  csr: await createCertificateRequest({ names: node, privateKey: serviceAccount.privateKey }),
  key: serviceAccount.keyPem,
});

/** CAs of three names and two keys, so that names meet other keys, with faults of each kind here and there. */
function randomCa(random: Random, selfSigned: boolean): Certificate {
  const subject = random.pick(["a", "b", "c"]);
  const key = random.pick(["ed25519", "p256"] as const);
  const mayBe = <T>(oneIn: number, value: T): T[] => (random.chance(oneIn) ? [value] : []);
  const usage = random.chance(12) ? 0x80 : 0x84;
  return certificateOf({
    subject,
    issuer: selfSigned ? subject : random.pick(["a", "b", "c"]),
    key,
    signedWith: selfSigned || random.chance(2) ? key : random.pick(["ed25519", "p256"]),
    serial: `40${Buffer.from(random.bytes(8)).toString("hex")}`,
    notBefore: "200101000000Z",
    notAfter: random.chance(12) ? "210101000000Z" : "490101000000Z",
    extensions: [
      ...(random.chance(12) ? [] : [random.chance(2) ? caFlag() : caFlag(random.int(3))]),
      ...mayBe(2, extension("keyUsage", der(0x03, Buffer.of(random.chance(2) ? 2 : 1, usage)))),
      ...mayBe(4, purposes(random.pick(["serverAuth", "clientAuth"]))),
    ],
  });
}

function randomLeaf(random: Random): Certificate {
  return certificateOf({
    subject: "leaf",
    issuer: random.pick(["a", "b", "c"]),
    signedWith: random.pick(["ed25519", "p256"]),
    serial: `41${Buffer.from(random.bytes(8)).toString("hex")}`,
    notBefore: "200101000000Z",
    notAfter: random.chance(20) ? "210101000000Z" : "490101000000Z",
    extensions: [
      altNames(dns(random.pick(["worker", "*.example.org"])), ip("0a050004")),
      ...(random.chance(2) ? [] : [purposes(random.pick(["serverAuth", "serverAuth", "clientAuth"]))]),
    ],
  });
}

const CHAINS = 4000;
const NAMES = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "worker",
  "a.example.org",
  "b.a.example.org",
  "10.5.0.4",
  "10.5.0.5",
];
const random = createRandom(20_261_124);
const chains = Array.from({ length: CHAINS }, () => {
  const leaf = randomLeaf(random);
  const roots = Array.from({ length: 1 + random.int(2) }, () => randomCa(random, !random.chance(4)));
  const intermediates = Array.from({ length: random.int(8) }, () => randomCa(random, random.chance(6)));
  const usage = random.chance(3) ? "clientAuth" : "serverAuth";
  const name = random.pick(NAMES);
  const question = { leaf, roots, intermediates, now, usage } as const;
  const verdict = verifyChain(name === "" ? question : { ...question, name });
  return {
    leaf: base64(leaf),
    roots: roots.map(base64),
    intermediates: intermediates.map(base64),
    usage,
    name,
    verdict: verdict.ok ? "ok" : `${verdict.reason}: ${verdict.message}`,
  };
});

process.stdout.write(
  JSON.stringify({
    now: now.toISOString(),
    authorities,
    leaves,
    requests,
    chains,
    serviceAccountKey: serviceAccount.keyPem,
  }),
);

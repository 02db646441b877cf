// Run as a child with a small heap: reads every corpus file through every public parser and prints what was seen as JSON.
import { decodePem, decodeSinglePem, encodePem, PemError } from "@talos-bridge/pem";
import {
  convertPrivateKey,
  inspect,
  inspectCertificate,
  inspectRequest,
  loadCertificateAuthority,
  PkiError,
  readCertificate,
  readCertificateRequest,
  readAcceptedCas,
  readCertificates,
  readPrivateKey,
  scanDer,
  verifyChain,
  verifyPemChain,
  type Certificate,
  type ChainVerdict,
  type Inspection,
} from "@talos-bridge/pki";
import { readCorpus, corpusFiles } from "./corpora.ts";

type Parser = readonly [name: string, read: (bytes: Buffer) => unknown];

const PARSERS: readonly Parser[] = [
  ["decodePem", (bytes) => decodePem(bytes)],
  ["decodePem, comments", (bytes) => decodePem(bytes, { textOutside: "ignore" })],
  ["decodeSinglePem", (bytes) => decodeSinglePem(bytes, { labels: ["CERTIFICATE"] })],
  ["scanDer", (bytes) => scanDer(bytes)],
  ["readCertificateRequest", (bytes) => readCertificateRequest(bytes)],
  ["readCertificateRequest, DER", (bytes) => readCertificateRequest(encodePem("CERTIFICATE REQUEST", bytes))],
  ["readCertificates", (bytes) => readCertificates(bytes)],
  ["readCertificate", (bytes) => readCertificate(bytes)],
  ["readPrivateKey", (bytes) => readPrivateKey(bytes)],
  ...["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].map((label): Parser => [
    `readPrivateKey, ${label}`,
    (bytes) => readPrivateKey(encodePem(label, bytes)),
  ]),
  ["readAcceptedCas", (bytes) => readAcceptedCas(bytes)],
  ["convertPrivateKey", (bytes) => convertPrivateKey(bytes, "talos")],
  ["inspect", (bytes) => readable(inspect(bytes, { now: NOW }))],
  ["inspectCertificate", (bytes) => inspectCertificate(bytes, { now: NOW })],
  ["inspectRequest", (bytes) => inspectRequest(bytes)],
  [
    "verifyPemChain, itself as its root",
    (bytes) => good(verifyPemChain({ chain: bytes, roots: bytes, now: NOW, usage: "serverAuth" })),
  ],
  ["loadCertificateAuthority", (bytes) => loadCertificateAuthority({ certificates: bytes, key: bytes })],
];

const NOW = new Date("2020-01-01T00:00:00Z");

/** What is told must survive JSON, and tell of something. */
function readable(told: readonly Inspection[]): void {
  if (JSON.stringify(JSON.parse(JSON.stringify(told))) !== JSON.stringify(told))
    throw new Error("not JSON-safe");
  if (!told.some(({ kind }) => kind !== "unreadable")) throw new PkiError("ERR_PKI_PEM", "nothing to read");
}

function good(verdict: ChainVerdict): void {
  if (!verdict.ok) throw new PkiError("ERR_PKI_SIGNATURE", verdict.message);
}

const crashes: string[] = [];
const accepted = new Map<string, number>();
let files = 0;
let slowest = { path: "", parser: "", ms: 0 };

function run(path: string, parser: string, read: () => unknown): void {
  const before = process.cpuUsage();
  try {
    read();
    accepted.set(parser, (accepted.get(parser) ?? 0) + 1);
  } catch (error) {
    if (!(error instanceof PemError || error instanceof PkiError)) {
      crashes.push(`${path}, ${parser}: ${String(error)}`);
    }
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  if (ms > slowest.ms) slowest = { path, parser, ms };
}

const certificates = new Map<string, { readonly path: string; readonly certificate: Certificate }>();

for (const { path } of corpusFiles()) {
  const bytes = readCorpus(path);
  files++;
  for (const [parser, read] of PARSERS) run(path, parser, () => read(bytes));
  for (const read of [readCertificates, (der: Buffer) => [readCertificate(der)]]) {
    try {
      for (const certificate of read(bytes))
        certificates.set(Buffer.from(certificate.der).toString("base64"), { path, certificate });
    } catch {
      // Told above.
    }
  }
}

// Each against all: names that many certificates have, circles, and roots that are none.
const pool = [...certificates.values()].map(({ certificate }) => certificate);
const isRoot = ({ subject, issuer }: Certificate): boolean => subject === issuer;
const roots = pool.filter(isRoot);
const intermediates = pool.filter((certificate) => !isRoot(certificate));
for (const { path, certificate: leaf } of certificates.values()) {
  const [name] = leaf.dnsNames;
  const question = { leaf, intermediates, roots, now: leaf.notBefore, usage: "serverAuth" } as const;
  run(path, "verifyChain, all others", () =>
    good(verifyChain(name === undefined ? question : { ...question, name })),
  );
}

const { maxRSS } = process.resourceUsage();
process.stdout.write(
  JSON.stringify({ files, crashes, slowest, accepted: Object.fromEntries(accepted), maxRSS }),
);

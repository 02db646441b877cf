// Run as a child with a small heap: reads every corpus file through every public parser and prints what was seen as JSON.
import { decodePem, decodeSinglePem, encodePem, PemError } from "@talos-bridge/pem";
import {
  loadCertificateAuthority,
  PkiError,
  readCertificate,
  readCertificateRequest,
  readCertificates,
  readPrivateKey,
  scanDer,
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
  ["loadCertificateAuthority", (bytes) => loadCertificateAuthority({ certificates: bytes, key: bytes })],
];

const crashes: string[] = [];
const accepted = new Map<string, number>();
let files = 0;
let slowest = { path: "", parser: "", ms: 0 };

for (const { path } of corpusFiles()) {
  const bytes = readCorpus(path);
  files++;
  for (const [parser, read] of PARSERS) {
    const before = process.cpuUsage();
    try {
      read(bytes);
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
}

const { maxRSS } = process.resourceUsage();
process.stdout.write(
  JSON.stringify({ files, crashes, slowest, accepted: Object.fromEntries(accepted), maxRSS }),
);

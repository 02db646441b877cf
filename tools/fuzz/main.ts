// Mutated requests and PEM files, judged by Go, requests to the KMS, and files of secrets to the command line:
// npm run test:fuzz -- [--cases N] [--seed N]
// Fails on a crash (anything thrown that is no error of the parser's own), on a certificate that Go refuses to verify,
// on a signed request that Go refuses to read, on an answer of the KMS that is not the one its request must have, and on a
// command line that tells a secret of its file. The seed is printed: the same seed makes the same choices.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decodePem, encodePem, PemError } from "@talos-bridge/pem";
import {
  applyNamePolicy,
  compileNamePolicy,
  issueCertificate,
  loadCertificateAuthority,
  PkiError,
  PROFILES,
  readCertificateRequest,
  readCertificates,
  readPrivateKey,
} from "@talos-bridge/pki";
import { startGoJudge } from "./go-judge.ts";
import { createKmsFuzz } from "./kms-requests.ts";
import { mutatePem } from "./mutate-pem.ts";
import { mutateRequest } from "./mutate-request.ts";
import { createRandom } from "./random.ts";
import { createSecretFilesFuzz } from "./secret-files.ts";
import { makeSeeds } from "./seeds.ts";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "1000000" }, seed: { type: "string" } },
});
const cases = Number(values.cases);
const seed = Number(values.seed ?? randomInt(1, 2 ** 31));
const program = conformanceProgram();
const random = createRandom(seed);
const now = new Date();
const { requests, texts, authorities } = await makeSeeds(now);
const policy = compileNamePolicy({
  ownNames: ["192.0.2.1"],
  deniedSans: [],
  allowedCidrs: [],
  allowedSuffixes: [],
  allowWildcards: false,
  allowOwn: false,
  requirePeerAddress: false,
});
const certificates = startGoJudge(program, "verify-certs");
const parsed = startGoJudge(program, "parse-csrs");
const folder = mkdtempSync(join(tmpdir(), "talos-bridge-fuzz-"));
const kms = await createKmsFuzz(join(folder, "keyring.json"));
rmSync(folder, { recursive: true });
const secretFiles = createSecretFilesFuzz();

let signed = 0;
const refused = new Map<string, number>();
const kmsAnswers = new Map<string, number>();
const commandEnds = new Map<string, number>();
const faults: string[] = [];
/** No input of a few kilobytes may take long: a hundred times what the slowest should. */
const SLOW_MS = 1_000;
/** What Go refuses a request for though it concerns a part that no certificate of ours carries: the syntax of URIs. */
const NEVER_ISSUED = /SAN uniformResourceIdentifier|cannot parse URI/;
const started = performance.now();
console.log(`fuzz: ${cases} cases, seed ${seed}`);

for (let i = 0; i < cases; i++) {
  // Each takes as long as twenty of the others.
  if (random.chance(50)) await readSecretFile(i);
  else if (random.chance(4)) await askKms(i);
  else if (random.chance(5)) readEverything(mutatePem(random, random.pick(texts)), i);
  else await signOne(encodePem("CERTIFICATE REQUEST", mutateRequest(random, random.pick(requests))), i);
  if (faults.length > 20) break;
}
await certificates.end();
await parsed.end();

for (const fault of faults) console.error(fault);
const seconds = (performance.now() - started) / 1000;
console.log(`signed ${signed}, refused: ${summed(refused)}; ${seconds.toFixed(0)} s`);
// A run in which nothing reaches the signature or nothing is refused has tested nothing.
const sound = signed > cases / 100 && refused.size >= 8 && kmsAnswers.size >= 7 && commandEnds.size >= 7;
if (!sound)
  console.error("the mutations missed their aim: too little was signed, or refused for too few reasons");
console.log(`kms: ${summed(kmsAnswers)}`);
console.log(`files of secrets: ${summed(commandEnds)}`);
console.log(`${cases - faults.length} passed, ${faults.length + (sound ? 0 : 1)} failed`);
process.exitCode = faults.length > 0 || !sound ? 1 : 0;

async function askKms(index: number): Promise<void> {
  const { label, fault } = await kms.run(random);
  kmsAnswers.set(label, (kmsAnswers.get(label) ?? 0) + 1);
  if (fault !== undefined) faults.push(`case ${index}: kms: ${fault}`);
}

async function readSecretFile(index: number): Promise<void> {
  const begun = performance.now();
  const { label, fault } = await secretFiles.run(random);
  commandEnds.set(label, (commandEnds.get(label) ?? 0) + 1);
  if (fault !== undefined) faults.push(`case ${index}: ${fault}`);
  const ms = performance.now() - begun;
  if (ms > SLOW_MS) faults.push(`case ${index}: ${label}: took ${ms.toFixed(0)} ms`);
}

/** What came how often, the most frequent first. */
function summed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([label, count]) => `${label} ${count}`)
    .join("; ");
}

async function signOne(pem: string, index: number): Promise<void> {
  const request = attempt(`case ${index}, request ${pem}`, () => readCertificateRequest(pem));
  if (request === undefined) return;
  const decision = applyNamePolicy(request, policy, "192.0.2.9");
  if (!decision.ok) throw new Error("an open policy refused");
  const ca = random.pick(authorities);
  const issued = await issueCertificate(ca, {
    profile: PROFILES.talosNode,
    names: decision.names,
    spki: request.publicKey.spki,
    now,
    lifetimeMs: 86_400_000,
  });
  signed++;
  const note = (what: string) => (verdict: string) => {
    if (verdict !== "OK" && !NEVER_ISSUED.test(verdict))
      faults.push(`case ${index}: ${what}: ${verdict}\n${pem}${issued.pem}`);
  };
  const pair = [ca.certificate.der, issued.der].map((der) => Buffer.from(der).toString("base64")).join(" ");
  await certificates.ask(pair, note("Go refuses the certificate"));
  await parsed.ask(Buffer.from(pem).toString("base64"), note("Go refuses the request"));
}

/** Whatever reads PEM gets the text. */
function readEverything(text: string, index: number): void {
  const label = `case ${index}, text ${JSON.stringify(text.slice(0, 4000))}`;
  attempt(label, () => decodePem(text));
  attempt(label, () => readCertificateRequest(text));
  attempt(label, () => readCertificates(text));
  attempt(label, () => readPrivateKey(text));
  attempt(label, () => loadCertificateAuthority({ certificates: text, key: text }));
}

function attempt<T>(label: string, read: () => T): T | undefined {
  const begun = performance.now();
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError || error instanceof PemError) {
      refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
    } else {
      faults.push(`${label}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    return undefined;
  } finally {
    const ms = performance.now() - begun;
    if (ms > SLOW_MS) faults.push(`${label}: took ${ms.toFixed(0)} ms`);
  }
}

function conformanceProgram(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["tools/conformance/build.ts"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the Go judge could not be built: ${stderr}`);
  return stdout.trim().split("\n").at(-1) ?? "";
}

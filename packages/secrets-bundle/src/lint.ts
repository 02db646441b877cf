import {
  PkiError,
  readCertificates,
  verifyChain,
  type Certificate,
  type ChainFault,
} from "@talos-bridge/pki";
import { readBundleDocument, valuesOf, type SecretsBundle } from "./bundle.ts";
import { FIELDS, type FieldPath } from "./fields.ts";
import { errorAt, findingsOf, warningAt, type Finding } from "./finding.ts";
import { kmsEndpointFindings } from "./kms-endpoint.ts";
import { takeApart, type MachineConfig } from "./machine-config.ts";
import {
  caFindings,
  isFinding,
  readCertificateField,
  readKeyField,
  sameKey,
  validityFindings,
  type LintClock,
} from "./pair-findings.ts";
import type { FieldValues } from "./read-fields.ts";
import { shapeFindings } from "./shape-findings.ts";
import { allAuthorityFindings, soundnessFindings, UNSOUND } from "./soundness.ts";
import { takeTalosconfigApart, type TalosContext } from "./talosconfig.ts";
import { parseSingleYaml } from "./yaml-text.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/**
 * Checks a secrets bundle: all that {@link readSecretsBundle} refuses, then CAs that are none, intermediate, weak or out of
 * their time, and values of an odd shape. Never throws for what is in the text; the findings are in the order of the fields.
 */
export function lintSecretsBundle(input: string | Uint8Array, clock: LintClock): readonly Finding[] {
  return findingsOf(() => {
    const read = readBundleDocument(parseSingleYaml(input).document);
    const asIs = (path: FieldPath): string => path;
    const authorities = allAuthorityFindings(read.values, asIs);
    return [
      ...soundnessFindings(read, asIs, authorities),
      ...authorities.filter(({ code }) => !UNSOUND.has(code)),
      ...timeFindings(read.values, asIs, clock),
      ...shapeFindings(read.values, asIs),
    ];
  });
}

export interface MachineLintOptions extends LintClock {
  /** The bundle that the config should be made of: what differs is found. */
  readonly bundle?: SecretsBundle;
}

/**
 * Checks a machine config, of a worker above all: missing trust, keys that a worker must not have, CAs, shapes, KMS endpoints
 * without TLS, and, against a bundle, values of another cluster. Never throws for what is in the text. It does not stand for
 * Talos's own validation of everything else in the file.
 */
export function lintMachineConfig(
  input: string | Uint8Array,
  options: MachineLintOptions,
): readonly Finding[] {
  return findingsOf(() => {
    const { config, fields, findings, shownAs } = takeApart(input);
    return [
      ...findings,
      ...allAuthorityFindings(fields.values, shownAs),
      ...timeFindings(fields.values, shownAs, options),
      ...acceptedCaFindings(config.acceptedCas, options),
      ...trustFindings(config, fields.present, shownAs),
      ...shapeFindings(fields.values, shownAs),
      ...config.kmsEndpoints.flatMap(({ path, endpoint }) => kmsEndpointFindings(endpoint, path)),
      ...(options.bundle === undefined ? [] : foreignFindings(config, options.bundle, shownAs)),
    ];
  });
}

/** CAs that are out of their time, or soon will be. */
function timeFindings(
  values: FieldValues,
  shownAs: (path: FieldPath) => string,
  clock: LintClock,
): readonly Finding[] {
  return FIELDS.filter(({ kind }) => kind === "certificate").flatMap(({ path }) => {
    const pem = values.get(path);
    const certificate = pem === undefined ? undefined : readCertificateField(pem, path);
    return certificate === undefined || isFinding(certificate)
      ? []
      : validityFindings(certificate, shownAs(path), clock);
  });
}

function acceptedCaFindings(pems: readonly string[], clock: LintClock): readonly Finding[] {
  return pems.flatMap((pem, index) => {
    const path = `machine.acceptedCAs[${index}].crt`;
    const certificate = readCertificateField(pem, path);
    return isFinding(certificate)
      ? [certificate]
      : [...caFindings(certificate, path), ...validityFindings(certificate, path, clock)];
  });
}

const WORKER_NEEDS: readonly FieldPath[] = ["trustdinfo.token", "secrets.bootstraptoken"];

function trustFindings(
  config: MachineConfig,
  present: ReadonlySet<FieldPath>,
  shownAs: (path: FieldPath) => string,
): readonly Finding[] {
  const findings = WORKER_NEEDS.filter((path) => !present.has(path)).map((path) =>
    errorAt(shownAs(path), "missing", "is missing"),
  );
  if (!present.has("certs.os.crt") && config.acceptedCas.length === 0)
    findings.push(errorAt(shownAs("certs.os.crt"), "missing", "is missing, and no CA is accepted"));
  if (config.endpoint === undefined)
    findings.push(errorAt("cluster.controlPlane.endpoint", "missing", "is missing"));
  else if (!namesHost(config.endpoint))
    findings.push(
      errorAt("cluster.controlPlane.endpoint", "endpoint", "is no URL with a host: Talos refuses it"),
    );
  if (config.type === "worker") {
    for (const { path, kind } of FIELDS) {
      if (kind === "key" && present.has(path))
        findings.push(
          errorAt(shownAs(path), "key-on-worker", "is a key that no worker may have: Talos refuses it"),
        );
    }
  }
  return findings;
}

function namesHost(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname !== "";
}

/**
 * What is not of this bundle. A worker in a CA rotation may have the bundle's CA among those it accepts; one of a control plane
 * that is not Talos's has that one's Kubernetes CA and bootstrap token.
 */
function foreignFindings(
  config: MachineConfig,
  bundle: SecretsBundle,
  shownAs: (path: FieldPath) => string,
): readonly Finding[] {
  const wanted = valuesOf(bundle);
  return FIELDS.flatMap(({ path, kind }) => {
    const value = config.values.get(path);
    const own = wanted.get(path);
    if (value === undefined || own === undefined || kind === "key") return [];
    if (ELSEWHERE.has(path)) {
      const same = kind === "certificate" ? sameCertificate(value, own) : value === own;
      const code = kind === "certificate" ? "foreign-ca" : "foreign-value";
      return same ? [] : [warningAt(shownAs(path), code, "is not the bundle's: another control plane's?")];
    }
    if (kind !== "certificate")
      return value === own ? [] : [errorAt(shownAs(path), "foreign-value", "is not the bundle's")];
    const trusted = path === "certs.os.crt" ? [value, ...config.acceptedCas] : [value];
    return trusted.some((pem) => sameCertificate(pem, own))
      ? []
      : [errorAt(shownAs(path), "foreign-ca", "is not the bundle's, nor is it accepted besides")];
  });
}

const ELSEWHERE: ReadonlySet<FieldPath> = new Set(["certs.k8s.crt", "secrets.bootstraptoken"]);

function sameCertificate(a: string, b: string): boolean {
  const [first, second] = [a, b].map((pem) => readCertificateField(pem, ""));
  if (first === undefined || second === undefined || isFinding(first) || isFinding(second)) return false;
  return Buffer.compare(first.der, second.der) === 0;
}

/**
 * Checks a talosconfig: certificates and keys of each context that do not belong together, are out of their time or lack the
 * client-auth usage (apid refuses them since Talos 1.12 at the latest), CAs, names. Never throws for what is in the text.
 */
export function lintTalosconfig(input: string | Uint8Array, clock: LintClock): readonly Finding[] {
  return findingsOf(() => {
    const { config, findings } = takeTalosconfigApart(input);
    const names = config.context !== "" && !config.contexts.has(config.context);
    return [
      ...findings,
      ...(names ? [errorAt("context", "context", "names a context that is not there")] : []),
      ...[...config.contexts].flatMap(([name, context]) =>
        contextFindings(context, `contexts.${name}`, clock),
      ),
    ];
  });
}

function contextFindings(context: TalosContext, path: string, clock: LintClock): readonly Finding[] {
  const findings: Finding[] = [];
  if (context.endpoints.length === 0)
    findings.push(warningAt(`${path}.endpoints`, "endpoint", "is empty: every call needs --endpoints"));
  const roots = context.ca === undefined ? [] : rootsOf(context.ca, `${path}.ca`, clock, findings);
  if (context.crt === undefined && context.key === undefined) {
    const other = context.siderov1Identity !== undefined || context.basic !== undefined;
    return other
      ? findings
      : [...findings, errorAt(`${path}.crt`, "missing", "is missing, and so is the key")];
  }
  if (context.crt === undefined || context.key === undefined) {
    const missing = context.crt === undefined ? "crt" : "key";
    return [...findings, errorAt(`${path}.${missing}`, "missing", "is missing")];
  }
  const leaf = readCertificateField(context.crt, `${path}.crt`);
  const key = readKeyField(context.key, `${path}.key`);
  findings.push(...[leaf, key].filter(isFinding));
  if (isFinding(leaf)) return findings;
  if (!isFinding(key) && !sameKey(leaf, key))
    findings.push(errorAt(`${path}.key`, "key-mismatch", "does not belong to the certificate beside it"));
  return [...findings, ...clientFindings(leaf, roots, `${path}.crt`, clock)];
}

function rootsOf(pem: string, path: string, clock: LintClock, findings: Finding[]): readonly Certificate[] {
  try {
    const roots = readCertificates(pem);
    findings.push(
      ...roots.flatMap((root) => [...caFindings(root, path), ...validityFindings(root, path, clock)]),
    );
    return roots;
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const finding = readCertificateField(pem, path);
    if (isFinding(finding)) findings.push(finding);
    return [];
  }
}

const FOREIGN: ReadonlySet<ChainFault> = new Set(["unknown authority", "same name, other key"]);

function clientFindings(
  leaf: Certificate,
  roots: readonly Certificate[],
  path: string,
  clock: LintClock,
): readonly Finding[] {
  const findings = [...validityFindings(leaf, path, clock)];
  if (leaf.extendedKeyUsage?.includes(CLIENT_AUTH) !== true)
    findings.push(errorAt(path, "no-client-auth", "lacks the client-auth usage: make a new talosconfig"));
  const inTime = findings.every(({ code }) => code !== "expired" && code !== "not-yet-valid");
  const live = roots.filter(({ notBefore, notAfter }) => clock.now >= notBefore && clock.now <= notAfter);
  if (inTime && live.length > 0) {
    const verdict = verifyChain({ leaf, roots: live, now: clock.now, usage: "clientAuth" });
    if (!verdict.ok && FOREIGN.has(verdict.reason))
      findings.push(errorAt(path, "unknown-authority", "was not issued by the CA of its context"));
  }
  return findings;
}

import type { TokenVerifier } from "@talos-bridge/token-auth";
import type { MaterialPaths } from "./material-paths.ts";
import { authorityUsableAt } from "@talos-bridge/pki";
import { checked, faulty, type Checked, type Fault } from "@talos-bridge/settings";
import { probe } from "./probe.ts";
import { servingFault } from "./serving-fault.ts";
import { issueServing, readServing, type Serving } from "./serving.ts";
import { tokensAtStart } from "./tokens.ts";
import { readTrust, type Contents, type Trust } from "./trust.ts";

/** All that the signer serves with. A snapshot is whole: its serving certificate chains to its accepted CAs. */
export interface Material {
  readonly trust: Trust;
  readonly serving: Serving;
  readonly tokens: TokenVerifier;
}

export interface MaterialOptions {
  readonly paths: MaterialPaths;
  readonly givenToken: string | undefined;
  /** Names and addresses of a serving certificate that the signer issues itself. */
  readonly ownNames: readonly string[];
}

/** Reads everything at start. Faults of all three groups are told at once. */
export async function loadMaterial(
  options: MaterialOptions,
  contents: Contents,
  now: Date,
): Promise<Checked<Material>> {
  const { paths } = options;
  const tokens = tokensAtStart(options.givenToken, paths.tokenFile, contents);
  const read = readTrust(paths, contents);
  const trust = read.ok ? await proven(read.value, paths, now) : read;
  const serving =
    paths.serving !== undefined
      ? readServing(paths.serving, contents)
      : trust.ok
        ? checked(await issueServing(trust.value, options.ownNames, now))
        : faulty();
  const faults: Fault[] = [trust, tokens, serving].flatMap((part) => (part.ok ? [] : part.faults));
  if (trust.ok && serving.ok) {
    const untrusted = servingFault(serving.value, trust.value.accepted, now);
    if (untrusted !== undefined) faults.push({ ...servingPlace(paths), fault: untrusted });
    if (faults.length === 0 && tokens.ok) {
      return checked({ trust: trust.value, serving: serving.value, tokens: tokens.value });
    }
  }
  return faulty(...faults);
}

/** The trust, once a probe certificate was signed with it and verified. */
export async function proven(trust: Trust, paths: MaterialPaths, now: Date): Promise<Checked<Trust>> {
  const where = { setting: "CA_CERT_PATH", file: paths.caCertificate };
  const usable = authorityUsableAt(trust.issuing, now);
  if (usable !== "ok") return faulty({ ...where, fault: `the CA is ${usable}` });
  const failed = await probe(trust, now);
  return failed === undefined ? checked(trust) : faulty({ ...where, fault: failed });
}

/** Setting and file of the serving certificate, for faults. */
export function servingPlace(paths: MaterialPaths): { setting: string; file?: string } {
  return { setting: "TLS_CERT_PATH", ...(paths.serving && { file: paths.serving.certificate }) };
}

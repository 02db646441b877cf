import { authorityUsableAt, type CompiledNamePolicy } from "@talos-bridge/pki";
import type { FileContents, HealthCheck, Log } from "@talos-bridge/grpc-server";
import type { Material, MaterialOptions } from "./material.ts";
import { servedNames } from "./own-names.ts";
import { reloadMaterial } from "./reload-material.ts";
import { servingFault } from "./serving-fault.ts";
import { issueServing, needsRenewal } from "./serving.ts";
import type { SignerMetrics } from "./signer-metrics.ts";

export interface LiveMaterialOptions extends MaterialOptions {
  readonly serverIps: readonly string[];
  readonly compilePolicy: (ownNames: readonly string[]) => CompiledNamePolicy;
  readonly now: () => Date;
  readonly log: Log;
  readonly metrics: SignerMetrics;
  /** Puts a serving pair in force for the handshakes to come; throws, and changes nothing, if TLS can't use it. */
  readonly setTls: (material: { cert: string; key: string }) => void;
}

/** The material in force, and how it changes. */
export interface LiveMaterial {
  readonly current: () => Material;
  readonly namePolicy: () => CompiledNamePolicy;
  /** Takes what changed in files. */
  readonly reload: (contents: FileContents, changed: ReadonlySet<string>) => Promise<void>;
  /** What time brings: renews a self-issued certificate, and takes what waited to become valid. */
  readonly tend: () => Promise<void>;
  readonly checks: readonly HealthCheck[];
}

/** Holds material that was proven at start and swaps it for newer, as a whole or not at all. */
export function createLiveMaterial(initial: Material, options: LiveMaterialOptions): LiveMaterial {
  const { now, log, metrics } = options;
  let current = initial;
  let namePolicy = options.compilePolicy(ownNamesOf(initial));
  let waiting: FileContents | undefined;
  // One change at a time: each starts from what the one before has left.
  let last: Promise<void> = Promise.resolve();
  tellValidity();

  function ownNamesOf({ serving }: Material): readonly string[] {
    return servedNames(serving.chain[0], options.serverIps);
  }

  function tellValidity(): void {
    const leaf = current.serving.chain[0];
    metrics.validity(current.trust.issuing.certificate.notAfter, leaf?.notAfter ?? new Date(0));
  }

  /** What can fail comes first: when something throws, all of the old stays in force. */
  function take(next: Material): void {
    const policy = next.serving === current.serving ? namePolicy : options.compilePolicy(ownNamesOf(next));
    if (next.serving !== current.serving) {
      options.setTls({ cert: next.serving.certificatePem, key: next.serving.keyPem });
    }
    if (next.trust.issuing !== current.trust.issuing) warnOfForgottenCa(next);
    namePolicy = policy;
    current = next;
    tellValidity();
  }

  /** Workers that know the old CA alone can't verify the signer any more: right once all have got the new one. */
  function warnOfForgottenCa({ trust }: Material): void {
    const { certificate } = current.trust.issuing;
    if (trust.accepted.some(({ der }) => Buffer.compare(der, certificate.der) === 0)) return;
    log.warn(
      "the old CA is no longer among the accepted ones: a worker that has not got the new one is locked out",
    );
  }

  async function reloadNow(contents: FileContents, changed: ReadonlySet<string>): Promise<void> {
    const { material, swapped, faults } = await reloadMaterial(current, options, changed, contents, now());
    // Tokens stand alone: they are taken even where the rest turns out not to be usable.
    current = { ...current, tokens: material.tokens };
    take(material);
    for (const { group, ...fault } of faults) {
      metrics.reloaded(group, false);
      log.error("reload refused, the old material stays in force", { group, ...fault });
    }
    for (const group of swapped) metrics.reloaded(group, true);
    if (swapped.length > 0) log.info("reloaded", { groups: swapped });
    waiting = faults.some(({ group }) => group !== "tokens") ? contents : undefined;
  }

  async function tendNow(): Promise<void> {
    if (waiting !== undefined) await retryQuietly(waiting);
    if (needsRenewal(current.serving, now()) && authorityUsableAt(current.trust.issuing, now()) === "ok") {
      take({ ...current, serving: await issueServing(current.trust, options.ownNames, now()) });
      log.info("renewed the serving certificate");
    }
  }

  /** What waits was told once; a look every half minute that changes nothing is not told again. */
  async function retryQuietly(contents: FileContents): Promise<void> {
    const { material, swapped } = await reloadMaterial(current, options, new Set(), contents, now());
    if (swapped.length === 0) return;
    take(material);
    for (const group of swapped) metrics.reloaded(group, true);
    log.info("reloaded what had waited", { groups: swapped });
    waiting = undefined;
  }

  function inTurn(change: () => Promise<void>): Promise<void> {
    last = last.then(change).catch((error: unknown) => {
      log.error("a change of material failed, the old one stays in force", { error });
    });
    return last;
  }

  return {
    current: () => current,
    namePolicy: () => namePolicy,
    reload: (contents, changed) => inTurn(() => reloadNow(contents, changed)),
    tend: () => inTurn(tendNow),
    checks: [
      {
        name: "issuing-ca",
        fault() {
          const usable = authorityUsableAt(current.trust.issuing, now());
          return usable === "ok" ? undefined : `the CA is ${usable}`;
        },
      },
      {
        name: "serving-certificate",
        fault: () => servingFault(current.serving, current.trust.accepted, now()),
      },
    ],
  };
}

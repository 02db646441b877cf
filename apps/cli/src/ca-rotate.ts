import { PkiError, type GeneratedKeyType } from "@talos-bridge/pki";
import { hostname } from "node:os";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-code.ts";
import type { BundleSource } from "./rotation/bundle-source.ts";
import { evidenceOf, isComplete } from "./rotation/evidence.ts";
import { fingerprintOf } from "./act-log.ts";
import { hostsToBeginWith, nodesNamed, withHosts, type HostOptions } from "./rotation/hosts.ts";
import { withRotationLock } from "./rotation/lock.ts";
import { openRotation } from "./rotation/open.ts";
import type { RotationPorts } from "./rotation/ports.ts";
import { planRows, planTable, statusData, statusText } from "./rotation/report.ts";
import {
  beginRotation,
  notePatched,
  readState,
  rotateUntil,
  STATE_FILE,
  writeState,
} from "./rotation/rotate.ts";
import type { Stage } from "./rotation/stage.ts";
import type { RotationState } from "./rotation/state.ts";
import { systemPorts } from "./rotation/system-ports.ts";

/** What every `ca rotate` command takes. */
export interface RotateOptions extends HostOptions {
  readonly secrets: string;
  readonly dir: string;
  readonly signerAudit: readonly string[];
}

/** What is decided once, when a rotation begins. */
export interface BeginOptions {
  readonly keyType: "ed25519" | "p256" | "rsa-4096";
  readonly context: string;
  /** Milliseconds. */
  readonly clientTtl: number;
}

export interface RunOptions {
  readonly dryRun: boolean;
  readonly apply: boolean;
  readonly talosctl: string;
  readonly patched: readonly PatchedOption[];
}

/** `--patched STAGE=HOST,…` or `STAGE=all`. */
export interface PatchedOption {
  readonly stage: Stage;
  readonly hosts: readonly string[];
}

export type PlanOptions = RotateOptions & BeginOptions;
export type StartOptions = PlanOptions & RunOptions & { readonly until: "accept" | "issue" };
export type FinishOptions = RotateOptions & RunOptions;

/** Says what is still to be done, and does nothing. */
export async function planRotation(context: CommandContext, options: PlanOptions): Promise<void> {
  const { bundle, state } = await openRotation(context, options);
  const { oldCa, hosts } = {
    oldCa: { sha256: fingerprintOf(bundle.ca.certificate) },
    hosts: state ?? hostsToBeginWith(options),
  };
  const newCa =
    state === undefined ? { keyType: options.keyType } : { sha256: fingerprintOf(state.newCa.certificate) };
  const steps = state?.stage === "done" ? [] : planRows(state?.stage ?? "accept");
  const { nodes, signers } = hosts;
  context.out.data({ kind: "RotationPlan", oldCa, newCa, nodes, signers, steps }, planTable(steps));
}

/** Begins or resumes, up to the stage where the new CA issues. */
export async function startRotation(context: CommandContext, options: StartOptions): Promise<void> {
  if (options.dryRun) {
    await planRotation(context, options);
    return tellDryRun(context);
  }
  const { bundle, state } = await openRotation(context, options);
  const hosts = state === undefined ? hostsToBeginWith(options) : undefined;
  await run(context, options, bundle, options.until, async (ports) => {
    const found = await readState(ports);
    if (found === undefined && hosts === undefined) throw nothingBegun(options.dir);
    const begun =
      found ??
      (await beginRotation(ports, bundle.ca, {
        ...(hosts ?? hostsToBeginWith(options)),
        context: options.context,
      }));
    return goOn(ports, options, bundle, begun, options.until);
  });
}

/** The last stage, once all that the one before asks for is there. */
export async function finishRotation(context: CommandContext, options: FinishOptions): Promise<void> {
  const { bundle, state } = await openRotation(context, options);
  if (state === undefined) throw nothingBegun(options.dir);
  if (state.stage === "accept") {
    throw new CliError("TB1103", "the new CA does not issue yet", { fix: "talos-bridge ca rotate start" });
  }
  if (options.dryRun) {
    const steps = state.stage === "done" ? [] : planRows("forget");
    context.out.data({ kind: "RotationPlan", steps }, planTable(steps));
    return tellDryRun(context);
  }
  await run(context, options, bundle, "forget", async (ports) =>
    goOn(ports, options, bundle, (await readState(ports)) ?? state, "forget"),
  );
}

/** Where the rotation stands, and what its stage still waits for: then the exit code is 3. */
export async function rotationStatus(context: CommandContext, options: RotateOptions): Promise<number> {
  const { bundle, state } = await openRotation(context, options);
  if (state === undefined) throw nothingBegun(options.dir);
  const sights = await portsOf(context, options, bundle).look(state);
  // What the last stage asks for stays true.
  const stage = state.stage === "done" ? "forget" : state.stage;
  const evidence = evidenceOf(stage, state, sights, context.world.now());
  context.out.data(statusData(state, evidence), statusText(state, evidence));
  return isComplete(evidence) ? EXIT.ok : EXIT.found;
}

function tellDryRun({ out }: CommandContext): void {
  out.warn("dry run, nothing was done: --dry-run=false does it");
}

function nothingBegun(dir: string): CliError {
  return new CliError("TB1103", `no rotation was begun: there is no ${STATE_FILE} in ${dir}`, {
    fix: "talos-bridge ca rotate plan",
  });
}

const KEY_TYPES: Readonly<Record<BeginOptions["keyType"], GeneratedKeyType>> = {
  ed25519: "ed25519",
  p256: "ecdsa-p256",
  "rsa-4096": "rsa-4096",
};

/** As Talos has it: 8,760 hours. */
const CLIENT_TTL_MS = 8_760 * 3_600_000;

/** Only `start` begins, and has the options for it. */
function portsOf(
  context: CommandContext,
  options: RotateOptions & Partial<BeginOptions & RunOptions>,
  bundle: BundleSource,
): RotationPorts {
  const {
    dir,
    keyType = "ed25519",
    clientTtl = CLIENT_TTL_MS,
    signerAudit,
    apply = false,
    talosctl,
  } = options;
  return systemPorts(context, {
    dir,
    bundle,
    keyType: KEY_TYPES[keyType],
    clientTtl,
    talosctl: apply ? talosctl : undefined,
    auditFiles: signerAudit,
  });
}

async function run(
  context: CommandContext,
  options: RotateOptions & Partial<BeginOptions> & RunOptions,
  bundle: BundleSource,
  last: Stage,
  work: (ports: RotationPorts) => Promise<RotationState>,
): Promise<void> {
  const { out } = context;
  const ports = portsOf(context, options, bundle);
  const me = { host: hostname(), pid: process.pid, isRunning };
  const state = await withRotationLock(options.dir, me, () => orUnusable(() => work(ports)));
  out.data(statusData(state), statusText(state));
  if (state.stage === "done")
    out.done(`finished: ${options.dir}/stage-3-forget/secrets.yaml is the bundle from now on`);
  if (state.stage === "forget") out.done("`ca rotate finish` has begun, and goes on from here");
  if (state.stage === "issue" && last === "accept")
    out.done("everybody accepted the new CA; whether it issues everywhere, `ca rotate status` says");
  else if (state.stage === "issue")
    out.done("the new CA issues everywhere; `ca rotate finish` drops the old one");
  if (state.stage === "accept") out.done("everybody accepts the new CA");
}

async function goOn(
  ports: RotationPorts,
  options: RotateOptions & RunOptions,
  bundle: BundleSource,
  begun: RotationState,
  last: Stage,
): Promise<RotationState> {
  let state = withHosts(begun, options);
  if (state !== begun) await writeState(ports, state);
  for (const { stage, hosts } of options.patched) {
    state = await notePatched(ports, state, stage, nodesNamed(state.nodes, hosts));
  }
  return rotateUntil(last, ports, bundle.ca, state);
}

/** What pki refuses on the way, such as a CA that has expired. */
async function orUnusable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB1007", `a CA can't be used: ${cause.message}`, { cause });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

import { CliError } from "../cli-error.ts";
import { newClient, withLiveClients } from "./clients.ts";
import { evidenceOf, isComplete, type Evidence } from "./evidence.ts";
import { fingerprintOf } from "../act-log.ts";
import type { RotationPorts } from "./ports.ts";
import { stageFiles } from "./stage-files.ts";
import { nextStage, STAGES, type Stage } from "./stage.ts";
import { decodeState, encodeState, type Pair, type PatchRecord, type RotationState } from "./state.ts";

export const STATE_FILE = "rotation.json";

/** Milliseconds between looks: what is waited for comes within seconds, or takes long. */
const FIRST_POLL_MS = 1_000;
const LAST_POLL_MS = 30_000;

/** The state of the rotation in this folder; undefined = none was begun. Throws TB1101. */
export async function readState({ files }: Pick<RotationPorts, "files">): Promise<RotationState | undefined> {
  const text = await files.read(STATE_FILE);
  return text === undefined ? undefined : decodeState(text);
}

/** Throws TB1101 for a state that could not be read again: the file has the only copy of the new CA's key. */
export async function writeState(
  { files }: Pick<RotationPorts, "files">,
  state: RotationState,
): Promise<RotationState> {
  const text = encodeState(state);
  decodeState(text);
  await files.write(STATE_FILE, text);
  return state;
}

/**
 * Begins a rotation: makes the new CA and a client certificate of either CA. Nobody sees any of them before all are in the
 * state file, so that a run that is cut off leaves either this rotation or none.
 */
export async function beginRotation(
  ports: RotationPorts,
  oldCa: Pair,
  choices: Pick<RotationState, "nodes" | "signers" | "context">,
): Promise<RotationState> {
  const newCa = await ports.createCa();
  await ports.recordAct({ act: "create-ca", ca: fingerprintOf(newCa.certificate) });
  const clients = { old: await newClient(ports, oldCa), new: await newClient(ports, newCa) };
  const now = ports.now().toISOString();
  return writeState(ports, {
    ...choices,
    stage: "accept",
    startedAt: now,
    stageSince: now,
    oldCertificate: oldCa.certificate,
    newCa,
    clients,
    patched: [],
  });
}

/**
 * Goes on from where the rotation stands until `last` has been reached by all nodes and signers. A stage is entered once all
 * that the one before asks for was seen in one look. Safe to run again after it was cut off anywhere.
 */
export async function rotateUntil(
  last: Stage,
  ports: RotationPorts,
  oldCa: Pair,
  begun: RotationState,
): Promise<RotationState> {
  let state = begun;
  while (state.stage !== "done" && STAGES.indexOf(state.stage) <= STAGES.indexOf(last)) {
    const { stage } = state;
    ports.tell.stage(stage);
    state = await arrive(stage, ports, oldCa, state);
    if (stage === last && stage !== "forget") return state;
    const stageSince = ports.now().toISOString();
    state = await writeState(ports, { ...state, stage: nextStage(stage) ?? "done", stageSince });
  }
  return state;
}

/** Client certificates that last for a while, and the stage's files. */
async function prepare(
  stage: Stage,
  ports: RotationPorts,
  oldCa: Pair,
  before: RotationState,
): Promise<RotationState> {
  const state = await withLiveClients(ports, oldCa, before);
  if (state !== before) await writeState(ports, state);
  await writeFiles(stage, ports, oldCa, state);
  return state;
}

/** Writes a stage's files where they are not there or differ. */
async function writeFiles(
  stage: Stage,
  { files, recordAct, makers }: RotationPorts,
  oldCa: Pair,
  state: RotationState,
): Promise<void> {
  for (const { path, content, holdsKeyOf } of stageFiles(stage, state, oldCa, makers)) {
    if ((await files.read(path)) === content) continue;
    if (holdsKeyOf !== undefined) {
      const ca = fingerprintOf((holdsKeyOf === "old" ? oldCa : state.newCa).certificate);
      await recordAct({ act: "write-ca-key", ca, file: path });
    }
    await files.write(path, content);
  }
}

/** Waits until all evidence of the stage is there, and patches nodes as soon as the signers are where they should be. */
async function arrive(
  stage: Stage,
  ports: RotationPorts,
  oldCa: Pair,
  begun: RotationState,
): Promise<RotationState> {
  let state = await prepare(stage, ports, oldCa, begun);
  let told = "";
  let pollMs = FIRST_POLL_MS;
  for (;;) {
    const sights = await ports.look(state);
    const evidence = evidenceOf(stage, state, sights, ports.now());
    if (isComplete(evidence)) return state;
    const text = JSON.stringify(evidence);
    if (text !== told) {
      ports.tell.waiting(evidence);
      pollMs = FIRST_POLL_MS;
    }
    told = text;
    // A patch makes its node renew at once: with the signers there first, that brings all that the stage asks for.
    const pending = signersAreThere(evidence) ? unpatched(stage, state) : [];
    const before = state;
    if (ports.patchNode !== undefined) state = await patchNodes(pending, stage, ports, state);
    if (state !== before) continue;
    await ports.sleep(pollMs);
    state = await prepare(stage, ports, oldCa, state);
    pollMs = Math.min(pollMs * 2, LAST_POLL_MS);
  }
}

function signersAreThere(evidence: readonly Evidence[]): boolean {
  return isComplete(evidence.filter(({ kind }) => kind === "signer"));
}

function unpatched(stage: Stage, { nodes, patched }: RotationState): readonly string[] {
  return nodes.filter(
    (node) => !patched.some((each) => each.node === node && each.stage === stage && each.done),
  );
}

/** The state as it was, by identity, where no patch went through. */
async function patchNodes(
  nodes: readonly string[],
  stage: Stage,
  ports: RotationPorts,
  begun: RotationState,
): Promise<RotationState> {
  let state = begun;
  for (const node of nodes) {
    const record = { node, stage, by: "talosctl" } as const;
    const trying = await writeState(ports, withPatch(state, { ...record, done: false, at: at(ports) }));
    const why = await ports.patchNode?.(node, stage);
    if (why !== undefined) {
      ports.tell.notPatched(node, why);
      continue;
    }
    state = await writeState(ports, withPatch(trying, { ...record, done: true, at: at(ports) }));
    ports.tell.patched(node);
  }
  return state;
}

/**
 * Notes what the operator says: that these nodes have the patch of this stage. One that was left already needs no saying. Throws
 * TB1103 for one that is still to come: its patch was not written yet.
 */
export async function notePatched(
  ports: Pick<RotationPorts, "files" | "now">,
  state: RotationState,
  stage: Stage,
  nodes: readonly string[],
): Promise<RotationState> {
  const turn = state.stage === "done" ? STAGES.length : STAGES.indexOf(state.stage);
  if (STAGES.indexOf(stage) > turn) {
    throw new CliError(
      "TB1103",
      `the rotation stands in stage ${state.stage}: nothing was written for ${stage}`,
    );
  }
  if (stage !== state.stage) return state;
  const noted = nodes.reduce(
    (each, node) => withPatch(each, { node, stage, by: "operator", done: true, at: at(ports) }),
    state,
  );
  return writeState(ports, noted);
}

function withPatch(state: RotationState, record: PatchRecord): RotationState {
  const others = state.patched.filter(({ node, stage }) => node !== record.node || stage !== record.stage);
  return { ...state, patched: [...others, record] };
}

function at({ now }: Pick<RotationPorts, "now">): string {
  return now().toISOString();
}

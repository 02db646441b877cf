import { encodeCertificates, readCertificates } from "@talos-bridge/pki";
import { nodePatch } from "./node-patch.ts";
import { stageFolder, STAGE_PLANS, type Stage, type Which } from "./stage.ts";
import type { Pair, RotationState } from "./state.ts";

/** A file of a stage. */
export interface StageFile {
  /** Relative to the rotation's folder. */
  readonly path: string;
  readonly content: string;
  /** The CA whose key is in it. */
  readonly holdsKeyOf?: Which;
}

export interface TalosconfigContext {
  readonly name: string;
  readonly endpoint: string;
  readonly node: string;
}

/** What files are made of, beside the state. */
export interface FileMakers {
  /** A talosconfig, YAML: a context for each endpoint, the first of them the current one. */
  readonly talosconfig: (input: {
    readonly contexts: readonly TalosconfigContext[];
    /** PEM. */
    readonly ca: string;
    readonly client: Pair;
  }) => string;
  /** The bundle with another OS CA, all else as it was. */
  readonly bundleWith: (ca: Pair) => string;
  /** A key as PKCS#8, which every reader of the signer's Secret takes. */
  readonly pkcs8: (keyPem: string) => string;
}

/**
 * All files of a stage, the same for the same state.
 *
 * Of the signer's three files a stage changes either the pair or the list of accepted CAs, so that they may be replaced one by
 * one, in any order: the signer puts its issuing CA last in the answer, wherever the list has it.
 */
export function stageFiles(
  stage: Stage,
  state: RotationState,
  oldCa: Pair,
  makers: FileMakers,
): readonly StageFile[] {
  const { signer, talosconfig } = STAGE_PLANS[stage];
  const cas: Readonly<Record<Which, Pair>> = { old: oldCa, new: state.newCa };
  const certificates = { old: oldCa.certificate, new: state.newCa.certificate };
  const issuing = cas[signer.issuing];
  const files: readonly StageFile[] = [
    { path: "node-patch.yaml", content: nodePatch(stage, certificates) },
    { path: "signer/ca.crt", content: bundleOf([issuing.certificate]) },
    { path: "signer/ca.key", content: makers.pkcs8(issuing.key), holdsKeyOf: signer.issuing },
    {
      path: "signer/accepted-cas.pem",
      content: bundleOf(inOneOrder(signer.accepted).map((which) => certificates[which])),
    },
    {
      path: "talosconfig",
      content: makers.talosconfig({
        // One each: a worker does not pass requests on to others.
        contexts: state.nodes.map((node) => ({
          name: `${state.context}@${talosEndpoint(node)}`,
          endpoint: talosEndpoint(node),
          node: hostOf(node),
        })),
        ca: bundleOf(talosconfig.trusted.map((which) => certificates[which])),
        client: state.clients[talosconfig.client],
      }),
    },
    ...(stage === "forget"
      ? [{ path: "secrets.yaml", content: makers.bundleWith(state.newCa), holdsKeyOf: "new" as const }]
      : []),
  ];
  return files.map((file) => ({ ...file, path: `${stageFolder(stage)}/${file.path}` }));
}

/** Old before new, in every stage: a list that says the same has the same bytes. */
function inOneOrder(which: readonly Which[]): readonly Which[] {
  return (["old", "new"] as const).filter((each) => which.includes(each));
}

/** Certificates alone, encoded anew. */
function bundleOf(certificates: readonly string[]): string {
  return encodeCertificates(certificates.flatMap((pem) => readCertificates(pem)));
}

/** The host of `HOST:PORT`, without the brackets of IPv6. */
export function hostOf(hostPort: string): string {
  return hostPort.replace(/:[0-9]+$/, "").replace(/^\[(?<address>.*)\]$/, "$<address>");
}

const TALOS_PORT = ":50000";

/** A node's Talos API as talosconfigs and talosctl have it: the port only where it is another than usual. */
export function talosEndpoint(node: string): string {
  return node.endsWith(TALOS_PORT) ? hostOf(node) : node;
}

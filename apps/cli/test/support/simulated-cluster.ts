// A cluster in memory for rotations: signers follow their files, workers renew, people take talosconfigs, each when the test says.
import {
  convertPrivateKey,
  createCertificateAuthority,
  issueCertificate,
  loadCertificateAuthority,
  PROFILES,
  readCertificate,
  readCertificates,
  generateKey,
  type Certificate,
  type CertificateAuthority,
} from "@talos-bridge/pki";
import type { RotationPorts } from "../../src/rotation/ports.ts";
import type { NodeSight, SignerSight } from "../../src/rotation/sight.ts";
import { stageFolder, STAGE_PLANS, STAGES, type Stage, type Which } from "../../src/rotation/stage.ts";
import type { Pair, RotationState } from "../../src/rotation/state.ts";

export const NODES = ["10.5.0.3:50000", "10.5.0.4:50000"] as const;
export const SIGNER = "10.5.0.1:50001";
export const START = new Date("2026-06-01T12:00:00Z");

const LEAF_KEY = await generateKey("ed25519");

/** A CA and a leaf of it that all nodes and signers of the simulation have in turn. */
export interface Authority {
  readonly pair: Pair;
  readonly certificate: Certificate;
  readonly leaf: Certificate;
}

export async function makeAuthority(): Promise<Authority> {
  const made = await createCertificateAuthority({ now: START });
  const { issuing } = loadedFrom(made.certificatePem, made.keyPem);
  const { der } = await issueCertificate(issuing, {
    profile: PROFILES.talosNode,
    names: { commonName: "", dnsNames: [], ipAddresses: ["10.5.0.1", "10.5.0.3", "10.5.0.4"] },
    spki: LEAF_KEY.publicKey.spki,
    now: START,
  });
  return {
    pair: { certificate: made.certificatePem, key: made.keyPem },
    certificate: made.certificate,
    leaf: readCertificate(der),
  };
}

function loadedFrom(certificates: string, key: string): { readonly issuing: CertificateAuthority } {
  const loaded = loadCertificateAuthority({ certificates, key });
  if (!loaded.ok) throw new Error("the CA does not load");
  return loaded;
}

/** Certificates are told apart by their PEM. */
interface Worker {
  /** `machine.acceptedCAs` and then `machine.ca`. */
  config: readonly string[];
  /** The last answer: who signed, and whom it told to trust. */
  answer: { issuer: string; accepted: readonly string[] };
}

export class SimulatedCluster {
  readonly files = new Map<string, string>();
  readonly acts: string[] = [];
  readonly workers = new Map<string, Worker>();
  /** Every new CA that was ever readable for somebody. */
  readonly newCas = new Set<string>();
  readonly old: Authority;
  readonly #next: readonly Authority[];
  #made = 0;
  #clock = START.getTime();
  signer: { certificate: string; accepted: readonly string[] };
  /** The talosconfig that people have: its client's CA, and the CAs it trusts. */
  people: { client: string; trusted: readonly string[] };

  constructor(old: Authority, next: readonly Authority[]) {
    this.old = old;
    this.#next = next;
    const { certificate } = old.pair;
    this.signer = { certificate, accepted: [certificate] };
    this.people = { client: certificate, trusted: [certificate] };
    for (const node of NODES) {
      this.workers.set(node, {
        config: [certificate],
        answer: { issuer: certificate, accepted: [certificate] },
      });
    }
  }

  ports(moves: { readonly onLook: () => void; readonly apply: boolean }): RotationPorts {
    return {
      now: () => new Date((this.#clock += 1_000)),
      sleep: async () => undefined,
      files: {
        read: async (path) => this.files.get(path),
        write: async (path, content) => {
          this.files.set(path, content);
          if (path === "rotation.json") this.newCas.add(newCaOf(content));
        },
      },
      recordAct: async ({ act }) => void this.acts.push(act),
      createCa: async () => {
        const authority = this.#next[this.#made++];
        if (authority === undefined) throw new Error("no CA left to make");
        return authority.pair;
      },
      issueClient: async (ca) => ca,
      makers: {
        talosconfig: ({ ca, client }) => JSON.stringify({ client: client.certificate, trusted: split(ca) }),
        bundleWith: ({ certificate }) => certificate,
        pkcs8: (key) => convertPrivateKey(key, "pkcs8"),
      },
      look: async (state) => {
        moves.onLook();
        return {
          signers: new Map<string, SignerSight>([[SIGNER, this.#seeSigner()]]),
          nodes: new Map(NODES.map((node) => [node, this.#seeNode(node, state)])),
          signedSerials: undefined,
        };
      },
      patchNode: moves.apply
        ? async (node, stage) => {
            this.patch(node, stage);
            return undefined;
          }
        : undefined,
      tell: {
        stage: () => undefined,
        waiting: () => undefined,
        patched: () => undefined,
        notPatched: () => undefined,
      },
    };
  }

  /** The last stage whose files are all there. */
  currentStage(): Stage | undefined {
    return STAGES.findLast((stage) => this.files.has(`${stageFolder(stage)}/talosconfig`));
  }

  /** One of the signer's files arrives; a pair that does not match is not taken, as the real one does it. */
  deliver(stage: Stage, what: "pair" | "list"): void {
    const at = (file: string): string => this.files.get(`${stageFolder(stage)}/signer/${file}`) ?? "";
    if (what === "pair") this.signer = { ...this.signer, certificate: at("ca.crt") };
    else this.signer = { ...this.signer, accepted: split(at("accepted-cas.pem")) };
  }

  patch(node: string, stage: Stage): void {
    const patch = this.files.get(`${stageFolder(stage)}/node-patch.yaml`) ?? "";
    const crts = [...patch.matchAll(/crt: (?<base64>\S+)/g)].map(({ groups }) =>
      Buffer.from(groups?.["base64"] ?? "", "base64").toString(),
    );
    this.workerOf(node).config = [...crts.slice(1), ...crts.slice(0, 1)];
  }

  /** A worker renews. Throws where it trusts nobody who answers. */
  renew(node: string): void {
    const worker = this.workerOf(node);
    this.#expectTrust(worker, node);
    const accepted = [
      ...this.signer.accepted.filter((each) => each !== this.signer.certificate),
      this.signer.certificate,
    ];
    worker.answer = { issuer: this.signer.certificate, accepted };
  }

  takeTalosconfig(stage: Stage): void {
    const text = this.files.get(`${stageFolder(stage)}/talosconfig`);
    if (text !== undefined) this.people = JSON.parse(text);
  }

  /** Throws where a worker could not renew now, by its configuration or by its last answer, or people could not reach it. */
  expectNobodyLost(): void {
    for (const [node, worker] of this.workers) {
      this.#expectTrust(worker, node);
      if (!this.people.trusted.includes(worker.answer.issuer)) throw new Error(`people do not trust ${node}`);
      if (!worker.answer.accepted.includes(this.people.client)) throw new Error(`${node} refuses people`);
    }
  }

  workerOf(node: string): Worker {
    const worker = this.workers.get(node);
    if (worker === undefined) throw new Error(`no node ${node}`);
    return worker;
  }

  #expectTrust({ config, answer }: Worker, node: string): void {
    for (const trust of [config, answer.accepted]) {
      if (!trust.includes(this.signer.certificate)) throw new Error(`${node} lost trust in the signer`);
    }
  }

  #authority(certificate: string): Authority {
    const found = [this.old, ...this.#next].find(({ pair }) => pair.certificate === certificate);
    if (found === undefined) throw new Error("a CA of nobody");
    return found;
  }

  #seeSigner(): SignerSight {
    const { certificate, accepted } = this.signer;
    const { leaf } = this.#authority(certificate);
    const told = [...accepted.filter((each) => each !== certificate), certificate];
    return { chain: [leaf], leaf, accepted: told.map((each) => this.#authority(each).certificate) };
  }

  #seeNode(node: string, state: RotationState): NodeSight {
    const { answer } = this.workerOf(node);
    const accepts = (which: Which): boolean =>
      answer.accepted.includes(which === "old" ? state.oldCertificate : state.newCa.certificate);
    return {
      chain: [this.#authority(answer.issuer).leaf],
      accepts: { old: accepts("old"), new: accepts("new") },
    };
  }
}

function newCaOf(state: string): string {
  const { newCa }: RotationState = JSON.parse(state);
  return newCa.certificate;
}

function split(pem: string): readonly string[] {
  return readCertificates(pem).map(
    ({ der }) => `-----BEGIN CERTIFICATE-----\n${wrapped(der)}\n-----END CERTIFICATE-----\n`,
  );
}

function wrapped(der: Uint8Array): string {
  return (
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  ).join("\n");
}

/** What a stage sets, as PEM, to compare with. */
export function planned(
  stage: Stage,
  cas: Readonly<Record<Which, string>>,
): {
  readonly config: readonly string[];
  readonly accepted: readonly string[];
} {
  const { node, signer } = STAGE_PLANS[stage];
  return {
    config: [...node.accepted, node.ca].map((which) => cas[which]),
    accepted: signer.accepted.map((which) => cas[which]),
  };
}

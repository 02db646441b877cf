import { loadCertificateAuthority, readCertificates } from "@talos-bridge/pki";
import { CliError } from "../cli-error.ts";
import { hostPort } from "../endpoint.ts";
import { STAGES, type Stage, type Which } from "./stage.ts";

/** PEM text of a certificate and of its key. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** A node's patch of the stage: begun before it is sent, done when it is known to be in force. */
export interface PatchRecord {
  readonly node: string;
  readonly stage: Stage;
  /** Who says so. */
  readonly by: "talosctl" | "operator";
  readonly done: boolean;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * All that a rotation has decided: what it writes into other files follows from it and the bundle. It holds the only copy of the
 * new CA's key until the end, so it is written whole, and before anything of it is shown to anybody.
 */
export interface RotationState {
  readonly stage: Stage | "done";
  readonly startedAt: string;
  readonly stageSince: string;
  /** `HOST:PORT` of each node's Talos API and of each signer. */
  readonly nodes: readonly string[];
  readonly signers: readonly string[];
  /** Name of the talosconfig's context. */
  readonly context: string;
  /** PEM. The old CA's key stays where it is, in the bundle. */
  readonly oldCertificate: string;
  readonly newCa: Pair;
  /** Certificates of `os:admin`, one of each CA: for talosconfigs, and to see which CAs a node accepts. */
  readonly clients: Readonly<Record<Which, Pair>>;
  readonly patched: readonly PatchRecord[];
}

const FORMAT = "talos-bridge ca rotation";
const VERSION = 1;

export function encodeState(state: RotationState): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...state }, undefined, 2)}\n`;
}

/** Reads what {@link encodeState} wrote, and nothing else. Throws TB1101; never with a value of the file. */
export function decodeState(text: string): RotationState {
  const { format, version, ...fields } = objectOf(parse(text), "the file");
  if (format !== FORMAT) throw unusable("is no state of a rotation");
  if (version !== VERSION) throw unusable("is of another version of talos-bridge");
  expectKeys(fields, STATE_KEYS, "the file");
  const clients = objectOf(fields["clients"], "clients");
  expectKeys(clients, ["old", "new"], "clients");
  const state: RotationState = {
    stage: oneOf(fields["stage"], [...STAGES, "done"] as const, "stage"),
    startedAt: timeOf(fields["startedAt"], "startedAt"),
    stageSince: timeOf(fields["stageSince"], "stageSince"),
    nodes: hostsOf(fields["nodes"], "nodes"),
    signers: hostsOf(fields["signers"], "signers"),
    context: textOf(fields["context"], "context"),
    oldCertificate: textOf(fields["oldCertificate"], "oldCertificate"),
    newCa: pairOf(fields["newCa"], "newCa"),
    clients: { old: pairOf(clients["old"], "clients.old"), new: pairOf(clients["new"], "clients.new") },
    patched: listOf(fields["patched"], "patched").map((each, index) => patchOf(each, `patched[${index}]`)),
  };
  checkCertificates(state);
  return state;
}

const STATE_KEYS = [
  "stage",
  "startedAt",
  "stageSince",
  "nodes",
  "signers",
  "context",
  "oldCertificate",
  "newCa",
  "clients",
  "patched",
] as const satisfies readonly (keyof RotationState)[];

function checkCertificates({ oldCertificate, newCa }: RotationState): void {
  const readable = attempt(() => readCertificates(oldCertificate).length === 1);
  const pair = attempt(
    () => loadCertificateAuthority({ certificates: newCa.certificate, key: newCa.key }).ok,
  );
  if (readable !== true) throw unusable("oldCertificate is no certificate");
  if (pair !== true) throw unusable("newCa is no CA with its key");
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // what is wrong with a key must not travel
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable("is no JSON"); // the parser's message would hold some of the text
  }
}

type Fields = Readonly<Record<string, unknown>>;

function objectOf(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw unusable(`${where} is no object`);
}

function expectKeys(fields: Fields, keys: readonly string[], where: string): void {
  const missing = keys.find((key) => !Object.hasOwn(fields, key));
  if (missing !== undefined) throw unusable(`${where} has no ${missing}`);
  if (Object.keys(fields).length !== keys.length) throw unusable(`${where} has fields that are not known`);
}

function textOf(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw unusable(`${where} is no text`);
}

function timeOf(value: unknown, where: string): string {
  const text = textOf(value, where);
  if (attempt(() => new Date(text).toISOString()) === text) return text;
  throw unusable(`${where} is no time`);
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unusable(`${where} is no list`);
}

function hostsOf(value: unknown, where: string): readonly string[] {
  const hosts = listOf(value, where).map((each) => textOf(each, where));
  if (hosts.some((each) => attempt(() => hostPort()(each)) === undefined))
    throw unusable(`${where} is no list of HOST:PORT`);
  if (hosts.length > 0 && new Set(hosts).size === hosts.length) return hosts;
  throw unusable(`${where} is empty, or names one twice`);
}

function pairOf(value: unknown, where: string): Pair {
  const fields = objectOf(value, where);
  expectKeys(fields, ["certificate", "key"], where);
  return {
    certificate: textOf(fields["certificate"], `${where}.certificate`),
    key: textOf(fields["key"], `${where}.key`),
  };
}

function patchOf(value: unknown, where: string): PatchRecord {
  const fields = objectOf(value, where);
  expectKeys(fields, ["node", "stage", "by", "done", "at"], where);
  if (typeof fields["done"] !== "boolean") throw unusable(`${where}.done is neither true nor false`);
  return {
    node: textOf(fields["node"], `${where}.node`),
    stage: oneOf(fields["stage"], STAGES, `${where}.stage`),
    by: oneOf(fields["by"], ["talosctl", "operator"] as const, `${where}.by`),
    done: fields["done"],
    at: timeOf(fields["at"], `${where}.at`),
  };
}

function oneOf<T extends string>(value: unknown, known: readonly T[], where: string): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw unusable(`${where} is none of ${known.join(", ")}`);
  return found;
}

function unusable(what: string): CliError {
  return new CliError("TB1101", `the rotation's state can't be used: ${what}`);
}

import { encrypted, readBundleDocument, type CertificateAndKey } from "./bundle.ts";
import { differsOnlyBelow } from "./edit-scope.ts";
import { appending, removing, setting, splice, type Splice } from "./edit-text.ts";
import { SecretsBundleError } from "./errors.ts";
import { FIELDS } from "./fields.ts";
import { refuse } from "./finding.ts";
import { isMachineDocument } from "./machine-config.ts";
import { authorityFindings, isFinding, readCertificateField } from "./pair-findings.ts";
import { isSopsDocument } from "./placeholder.ts";
import { fieldPathOf } from "./read-field.ts";
import { decodePemField, encodePemField, spellingOf } from "./read-fields.ts";
import {
  isText,
  lengthAt,
  nodeAt,
  parseSingleYaml,
  parseYaml,
  type YamlDocument,
  type YamlText,
} from "./yaml-text.ts";

/**
 * Sets one field of a secrets bundle's text and leaves every other byte as it is: comments, order, unknown fields, spelling.
 * Certificates and keys are given as PEM. Throws {@link SecretsBundleError}: ERR_BUNDLE_FIELD, ERR_BUNDLE_INPUT (a lone
 * surrogate), ERR_BUNDLE_ENCRYPTED (a change would break SOPS's checksum), ERR_BUNDLE_EDIT where the text can't be edited in
 * place, and those of the text as such.
 */
export function setField(text: string, path: string, value: string): string {
  const known = fieldPathOf(path);
  if (!value.isWellFormed())
    throw new SecretsBundleError(
      "ERR_BUNDLE_INPUT",
      `the value of ${known} has half a character, which is no text`,
    );
  const kind = FIELDS.find((field) => field.path === known)?.kind;
  const written = kind === "certificate" || kind === "key" ? encodePemField(value) : value;
  const { document } = parseSingleYaml(text);
  readBundleDocument(document);
  const steps = spellingOf(document, known);
  return edited(text, steps, (clean) => setting(clean, parseSingleYaml(clean).document, steps, written));
}

/** A CA of a bundle. */
export type AuthorityName = "etcd" | "k8s" | "k8sAggregator" | "os";

const PREFIX: Readonly<Record<AuthorityName, string>> = {
  etcd: "certs.etcd",
  k8s: "certs.k8s",
  k8sAggregator: "certs.k8saggregator",
  os: "certs.os",
};

/**
 * Exchanges a CA of a secrets bundle's text, certificate and key together. Throws as {@link setField} does, and
 * ERR_BUNDLE_INVALID for a pair that is no CA or does not belong together.
 */
export function replaceAuthority(text: string, name: AuthorityName, ca: CertificateAndKey): string {
  const [crtPath, keyPath] = [`${PREFIX[name]}.crt`, `${PREFIX[name]}.key`];
  refuse(authorityFindings({ crtPath, crt: ca.crt, keyPath, key: ca.key }));
  return setField(setField(text, crtPath, ca.crt), keyPath, ca.key);
}

/**
 * Makes another CA the one of the Talos API in a machine config's text (`machine.ca`). Without a key, as workers have it, a
 * key that is there is emptied. Throws as {@link replaceAuthority} does.
 */
export function replaceMachineCa(text: string, ca: { readonly crt: string; readonly key?: string }): string {
  const pair = { crtPath: "machine.ca.crt", crt: ca.crt, keyPath: "machine.ca.key", key: ca.key };
  refuse(authorityFindings(pair));
  const set = (from: string, key: "crt" | "key", value: string): string => {
    const path = ["machine", "ca", key];
    return edited(from, path, (clean) => setting(clean, machineDocument(clean), path, value));
  };
  const withCrt = set(text, "crt", encodePemField(ca.crt));
  return set(withCrt, "key", ca.key === undefined ? "" : encodePemField(ca.key));
}

const ACCEPTED = ["machine", "acceptedCAs"];

/** Adds a CA to `machine.acceptedCAs` of a machine config's text, unless it is there. Throws as {@link replaceMachineCa}. */
export function addAcceptedCa(text: string, crt: string): string {
  refuse(authorityFindings({ crtPath: "CA to accept", crt, keyPath: "", key: undefined }));
  if (acceptedIndex(machineDocument(withoutMark(text)), crt) !== -1) return text;
  return edited(text, ACCEPTED, (clean) =>
    appending(clean, machineDocument(clean), ACCEPTED, { crt: encodePemField(crt) }),
  );
}

/** Takes a CA out of `machine.acceptedCAs`; the text itself where it is not there. */
export function removeAcceptedCa(text: string, crt: string): string {
  const index = acceptedIndex(machineDocument(withoutMark(text)), crt);
  if (index === -1) return text;
  return edited(text, ACCEPTED, (clean) => removing(clean, machineDocument(clean), ACCEPTED, index));
}

function acceptedIndex(document: YamlDocument, crt: string): number {
  const wanted = readCertificateField(crt, "CA");
  if (isFinding(wanted)) {
    refuse([wanted]);
    return -1;
  }
  return Array.from({ length: lengthAt(document, ACCEPTED) }, (_, index) => index).findIndex((index) => {
    const node = nodeAt(document, [...ACCEPTED, index, "crt"]);
    const pem = isText(node) ? decodePemField(node.value, "") : "";
    const certificate = typeof pem === "string" ? readCertificateField(pem, "") : pem;
    return !isFinding(certificate) && Buffer.compare(certificate.der, wanted.der) === 0;
  });
}

function machineDocument(text: string): YamlDocument {
  const { documents } = parseYaml(text);
  if (documents.some(isSopsDocument)) throw encrypted();
  const [document, ...more] = documents.filter(isMachineDocument);
  if (document === undefined)
    throw new SecretsBundleError("ERR_BUNDLE_KIND", "has no machine config document");
  if (more.length > 0)
    throw new SecretsBundleError("ERR_BUNDLE_DOCUMENTS", "has several machine config documents");
  return document;
}

const MARK = "\ufeff";

const withoutMark = (text: string): string => (text.startsWith(MARK) ? text.slice(1) : text);

/** One edit, behind a byte order mark where there is one. Throws ERR_BUNDLE_EDIT rather than change anything but `path`. */
function edited(text: string, path: readonly string[], edit: (clean: string) => Splice): string {
  const clean = withoutMark(text);
  const result = splice(clean, edit(clean));
  const before = parseYaml(clean);
  const isChosen = (document: YamlDocument): boolean =>
    before.documents.length === 1 || isMachineDocument(document);
  if (!staysAlike(before, result, isChosen, path))
    throw new SecretsBundleError(
      "ERR_BUNDLE_EDIT",
      "can't be edited in place without changing something else",
    );
  return text.startsWith(MARK) ? MARK + result : result;
}

function staysAlike(
  before: YamlText,
  result: string,
  isChosen: (document: YamlDocument) => boolean,
  path: readonly string[],
): boolean {
  try {
    return differsOnlyBelow(before, parseYaml(result), isChosen, path);
  } catch (error) {
    // Such as an alias whose anchor is gone.
    if (error instanceof SecretsBundleError) return false;
    throw error;
  }
}

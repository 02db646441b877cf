import {
  childrenOf,
  contentOf,
  expect,
  expectNoMore,
  oidOf,
  structure,
  type DerValue,
} from "./der-reader.ts";
import { TAG } from "./der-scan.ts";
import { octetString, oid, sequence, trueValue, type Der } from "./der-writer.ts";
import { PkiError } from "./errors.ts";

export interface Extension {
  readonly critical: boolean;
  /** Content of the OCTET STRING: DER of the extension's own type, not scanned yet. */
  readonly value: Uint8Array;
}

/** Reads Extensions (RFC 5280 §4.1.2.9) by dotted identifier. Throws ERR_PKI_DUPLICATE, ERR_PKI_DER, ERR_PKI_STRUCTURE. */
export function readExtensions(value: DerValue | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const entry of childrenOf(expect(value, TAG.sequence, "extensions"))) {
    const parts = childrenOf(expect(entry, TAG.sequence, "extension"));
    const id = oidOf(parts[0], "extension");
    const critical = parts[1]?.tag === TAG.boolean;
    // DEFAULT FALSE is left out in DER: written out, it is another encoding of the same.
    if (critical && contentOf(parts[1] ?? entry)[0] === 0)
      throw structure(parts[1], "critical flag that is not written when false");
    const content = expect(parts[critical ? 2 : 1], TAG.octetString, "extension value");
    expectNoMore(parts, critical ? 3 : 2, "extension");
    if (extensions.has(id)) throw new PkiError("ERR_PKI_DUPLICATE", `extension ${id} twice`);
    extensions.set(id, { critical, value: contentOf(content) });
  }
  return extensions;
}

/** Encodes one Extension. */
export function encodeExtension(id: string, critical: boolean, value: Der): Der {
  return critical
    ? sequence(oid(id), trueValue(), octetString(value))
    : sequence(oid(id), octetString(value));
}

import { childrenOf, contentOf, expect, oidOf, type DerValue } from "./der-reader.ts";
import { TAG } from "./der-scan.ts";
import type { Extension } from "./extensions.ts";
import { inspectExtension, readGeneralNames, type GeneralName } from "./inspect-extension.ts";
import type { CertificateInspection, ExtensionInspection, InspectionWarning } from "./inspection.ts";
import { HANDLED_EXTENSIONS } from "./known-extensions.ts";
import { OID } from "./oids.ts";

type Usages = Pick<
  CertificateInspection,
  "isCa" | "pathLength" | "keyUsage" | "extendedKeyUsage" | "subjectKeyId" | "authorityKeyId"
>;

/** What is told of lists of extensions, of which there should be one at most. Throws ERR_PKI_STRUCTURE where one is none. */
export function inspectExtensions(lists: readonly DerValue[]): {
  readonly names: readonly GeneralName[];
  readonly extensions: readonly ExtensionInspection[];
  readonly usages: Usages;
  readonly warnings: readonly InspectionWarning[];
} {
  const found = lists
    .flatMap((list) => childrenOf(expect(list, TAG.sequence, "extensions")))
    .map(readLoosely);
  const warnings: InspectionWarning[] = [];
  const extensions: ExtensionInspection[] = [];
  let names: readonly GeneralName[] = [];
  const seen = new Set<string>();
  for (const { id, extension } of found) {
    const told = inspectExtension(id, extension);
    extensions.push(told.extension);
    const name = told.extension.name ?? id;
    const again = seen.has(id);
    seen.add(id);
    if (again)
      warnings.push({ code: "duplicate-extension", message: `the extension ${name} is there twice` });
    if (told.malformed)
      warnings.push({ code: "malformed-extension", message: `the extension ${name} can't be read` });
    else if (id === OID.subjectAltName && !again) names = readGeneralNames(extension.value);
    if (extension.critical && !HANDLED_EXTENSIONS.has(id)) {
      const message = `the extension ${name} is critical and not understood here`;
      warnings.push({ code: "unsupported-critical-extension", message });
    }
  }
  return { names, extensions, usages: usagesOf(extensions), warnings };
}

function readLoosely(value: DerValue): { readonly id: string; readonly extension: Extension } {
  const parts = childrenOf(expect(value, TAG.sequence, "extension"));
  const critical = parts.some((part) => part.tag === TAG.boolean && contentOf(part)[0] === 0xff);
  const content = contentOf(expect(parts.at(-1), TAG.octetString, "extension value"));
  return { id: oidOf(parts[0], "extension"), extension: { critical, value: content } };
}

/** From the texts, so that what is told once is told everywhere. */
function usagesOf(extensions: readonly ExtensionInspection[]): Usages {
  const textOf = (id: string): string | null => extensions.find((each) => each.id === id)?.text ?? null;
  const listOf = (id: string): readonly string[] | null => {
    const text = textOf(id);
    return text === null ? null : text.split(", ").filter((each) => each !== "");
  };
  const basic = textOf(OID.basicConstraints);
  const length = /path length (\d+)$/.exec(basic ?? "")?.[1];
  return {
    isCa: basic?.startsWith("CA:TRUE") ?? false,
    pathLength: length === undefined ? null : Number(length),
    keyUsage: listOf(OID.keyUsage),
    extendedKeyUsage: listOf(OID.extendedKeyUsage),
    subjectKeyId: textOf(OID.subjectKeyIdentifier),
    authorityKeyId: textOf(OID.authorityKeyIdentifier),
  };
}

import { distinct } from "./authority.ts";
import { certificateBlocks, readCertificate, type Certificate } from "./certificate.ts";
import { verifyChain, type ChainQuestion, type ChainVerdict } from "./chain.ts";
import { PkiError } from "./errors.ts";

export interface PemChainQuestion extends Pick<ChainQuestion, "now" | "usage" | "name"> {
  /** PEM: the leaf first, intermediates behind it in any order. */
  readonly chain: Uint8Array | string;
  /** PEM of the certificates that are trusted. */
  readonly roots: Uint8Array | string;
}

/**
 * {@link verifyChain} of files. A key that is too weak is a reason too: for the leaf's, and for others' where the chain ends for
 * want of them. Throws {@link PkiError} for text or certificates that can't be read for another reason.
 */
export function verifyPemChain({ chain, roots, ...question }: PemChainQuestion): ChainVerdict {
  const [first = new Uint8Array(), ...rest] = certificateBlocks(chain);
  const leaf = readUnlessWeak(first);
  if (leaf instanceof PkiError) return weak("the certificate", leaf);
  const read = [...rest.map(readUnlessWeak), ...certificateBlocks(roots).map(readUnlessWeak)];
  const intermediates = read.slice(0, rest.length).filter(isCertificate);
  const trusted = distinct(read.slice(rest.length).filter(isCertificate));
  const verdict = verifyChain({ ...question, leaf, intermediates, roots: trusted });
  const fault = read.find((each) => each instanceof PkiError);
  return !verdict.ok && verdict.reason === "unknown authority" && fault instanceof PkiError
    ? weak("a CA", fault)
    : verdict;
}

function readUnlessWeak(der: Uint8Array): Certificate | PkiError {
  try {
    return readCertificate(der);
  } catch (error) {
    if (error instanceof PkiError && error.code === "ERR_PKI_KEY_WEAK") return error;
    throw error;
  }
}

function isCertificate(read: Certificate | PkiError): read is Certificate {
  return !(read instanceof PkiError);
}

function weak(which: string, { message }: PkiError): ChainVerdict {
  return {
    ok: false,
    reason: "weak key",
    message: `${which} has a weak key: ${message}`,
    certificate: undefined,
  };
}

import { SecurityService } from "@talos-bridge/api";
import {
  createNodeRequest,
  PkiError,
  readCertificates,
  type Certificate,
  type GeneratedKeyType,
  type Names,
  type NodeRequest,
} from "@talos-bridge/pki";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import type { Endpoint } from "./endpoint.ts";
import { withClient } from "./grpc-client.ts";

export interface SignerQuestion {
  readonly endpoint: Endpoint;
  /** PEM of the CAs that the signer is verified with. */
  readonly ca: string;
  readonly token: string;
  readonly names: Names;
  /** Ed25519 if not given. */
  readonly keyType?: GeneratedKeyType;
}

/** For one answer: a signer that takes connections and is mute is one thing that is wrong among others. */
const DEADLINE_MS = 10_000;

export interface SignerAnswer {
  readonly leaf: Certificate;
  /** The CAs that came with it, in their order. */
  readonly roots: readonly Certificate[];
}

/**
 * Makes a key and a request, and has it signed, as a worker does at boot. Throws TB2001 to TB2003, and TB2005 for an answer that
 * can't be read or is not of the key that was sent; TB1001 for names, TB1008 for a token, that can't be sent. Whom the certificate
 * chains to is for the caller to judge.
 */
export async function askSigner(context: CommandContext, question: SignerQuestion): Promise<SignerAnswer> {
  const { endpoint, ca, token, names, keyType } = question;
  if (!/^[\x20-\x7e]+$/.test(token)) {
    throw new CliError("TB1008", "the join token has characters that can't be sent");
  }
  const { requestPem, privateKey } = await makeRequest(names, keyType);
  const answer = await withClient(context, SecurityService, endpoint, ca, (client) =>
    client.certificate(
      { csr: new TextEncoder().encode(requestPem) },
      { headers: { token }, signal: context.signal, timeoutMs: DEADLINE_MS },
    ),
  );
  const read = readAnswer(answer);
  if (Buffer.compare(read.leaf.publicKey.spki, privateKey.publicKey.spki) !== 0) {
    throw new CliError("TB2005", "the certificate is not of the key that was sent");
  }
  return read;
}

async function makeRequest(names: Names, keyType: GeneratedKeyType | undefined): Promise<NodeRequest> {
  try {
    return await createNodeRequest({ names, ...(keyType && { keyType }) });
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB1001", `no request can be made with these names: ${cause.message}`, { cause });
  }
}

function readAnswer({ crt, ca }: { readonly crt: Uint8Array; readonly ca: Uint8Array }): SignerAnswer {
  try {
    const [leaf] = readCertificates(crt);
    if (leaf !== undefined) return { leaf, roots: readCertificates(ca) };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB2005", `the answer is not usable: ${cause.message}`, { cause });
  }
  throw new CliError("TB2005", "the answer holds no certificate");
}

import {
  createCertificateRequest,
  generateKey,
  readCertificates,
  type Certificate,
  type Names,
} from "@talos-bridge/pki";
import { ConnectError, type Client } from "@connectrpc/connect";
import type { SecurityService } from "@talos-bridge/api";

const KEY = await generateKey("ed25519");

/** A worker's request for these names, PEM bytes. */
export async function requestFor(names: Partial<Names>, organization = ""): Promise<Uint8Array<ArrayBuffer>> {
  const pem = await createCertificateRequest({
    names: { commonName: "", dnsNames: [], ipAddresses: [], ...names },
    privateKey: KEY,
    organization,
  });
  return new TextEncoder().encode(pem);
}

export const WORKER_NAMES: Names = {
  commonName: "worker-1",
  dnsNames: ["worker-1"],
  ipAddresses: ["10.5.0.4", "127.0.0.1"],
};

/** The leaf that a call gives. */
export async function certificateOf(
  client: Client<typeof SecurityService>,
  csr: Uint8Array<ArrayBuffer>,
  token: string,
): Promise<{ leaf: Certificate; accepted: readonly Certificate[]; ca: string }> {
  const answer = await client.certificate({ csr }, { headers: { token } });
  const [leaf] = readCertificates(answer.crt);
  if (leaf === undefined) throw new Error("no certificate in the answer");
  return { leaf, accepted: readCertificates(answer.ca), ca: new TextDecoder().decode(answer.ca) };
}

/** The error that a call gives. */
export async function refusalOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the call was not refused");
}

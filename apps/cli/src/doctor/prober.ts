import { Code, ConnectError } from "@connectrpc/connect";
import { PkiError, readCertificate } from "@talos-bridge/pki";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import type { Endpoint } from "../endpoint.ts";
import type { ErrorId } from "../error-table.ts";
import type { FindingId } from "../finding-table.ts";
import { sealAndUnseal } from "../kms-call.ts";
import { askSigner } from "../signer-call.ts";
import { probeTls } from "../tls-probe.ts";
import type { Failure, RoundTripFact, SigningFact, TlsFact } from "./facts.ts";

/** All that doctor asks over the network. Nothing is thrown for what the other side does. */
export interface Prober {
  tls(endpoint: Endpoint): Promise<TlsFact>;
  /** `ca` is PEM. */
  sign(endpoint: Endpoint, ca: string, token: string): Promise<SigningFact>;
  roundTrip(endpoint: Endpoint, ca: string | undefined, nodeUuid: string): Promise<RoundTripFact>;
}

export function createProber(context: CommandContext): Prober {
  return {
    tls: (endpoint) => orFailure(() => look(context, endpoint), TLS_FINDINGS),
    sign: (endpoint, ca, token) =>
      orFailure(async () => {
        const names = { commonName: "doctor", dnsNames: ["doctor"], ipAddresses: ["127.0.0.1"] };
        const from = performance.now();
        const answer = await askSigner(context, { endpoint, ca, token, names });
        return { ok: true, ...answer, ms: Math.round(performance.now() - from) };
      }, SIGNING_FINDINGS),
    roundTrip: (endpoint, ca, nodeUuid) =>
      orFailure(
        async () => ({ ok: true, ...(await sealAndUnseal(context, { endpoint, ca, nodeUuid })) }),
        KMS_FINDINGS,
      ),
  };
}

async function look(context: CommandContext, endpoint: Endpoint): Promise<TlsFact> {
  const { chain, protocol } = await probeTls(context, endpoint);
  try {
    const [leaf, ...intermediates] = chain.map(readCertificate);
    if (leaf !== undefined) return { ok: true, leaf, intermediates, protocol };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const id = error.code === "ERR_PKI_KEY_WEAK" ? "weak-key" : "certificate";
    return { ok: false, id, message: `a certificate of the server can't be used: ${error.message}` };
  }
  return { ok: false, id: "certificate", message: "the server shows no certificate" };
}

/** Which finding an error of the command line is; `refused` by the code that the other side gave. */
interface Findings {
  readonly byError: Readonly<Partial<Record<ErrorId, FindingId>>>;
  readonly refused: (code: Code) => FindingId;
}

const TLS_FINDINGS: Findings = {
  byError: { TB2001: "unreachable", TB2005: "no-tls" },
  refused: () => "unreachable",
};

const SIGNING_FINDINGS: Findings = {
  byError: {
    TB1008: "token-shape",
    TB2001: "unreachable",
    TB2002: "unknown-authority",
    TB2005: "signer-answer",
  },
  refused: (code) => (code === Code.Unauthenticated ? "token-refused" : "signer-refused"),
};

const KMS_FINDINGS: Findings = {
  byError: { TB2001: "unreachable", TB2002: "unknown-authority", TB2005: "kms-failed" },
  refused: (code) =>
    [Code.PermissionDenied, Code.InvalidArgument].includes(code) ? "kms-refused" : "kms-failed",
};

async function orFailure<Fact>(
  ask: () => Promise<Fact | Failure>,
  { byError, refused }: Findings,
): Promise<Fact | Failure> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { id, cause, message } = error;
    const finding = id === "TB2003" && cause instanceof ConnectError ? refused(cause.code) : byError[id];
    // Out of time and interrupted end the command.
    if (finding === undefined) throw error;
    return { ok: false, id: finding, message };
  }
}

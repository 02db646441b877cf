import { encodeCertificates, PkiError, readCertificates, type Certificate } from "@talos-bridge/pki";
import { rootCertificates } from "node:tls";
import type { CommandContext } from "../command-context.ts";
import { hostAndPort, type Endpoint } from "../endpoint.ts";
import { readAuthorities } from "../pki/authorities.ts";
import { serverProblems } from "./check.ts";
import type { Facts, KmsFact, ServerFact, SignerFact } from "./facts.ts";
import { readInputs, type Inputs } from "./inputs.ts";
import { kmsServerProblems } from "./kms-checks.ts";
import type { DoctorOptions } from "./options.ts";
import type { Prober } from "./prober.ts";

/** Reads the files and asks the servers. */
export async function gatherFacts(
  context: CommandContext,
  options: DoctorOptions,
  prober: Prober,
): Promise<Facts> {
  const { world, out } = context;
  const inputs = await readInputs(context, options);
  const base = {
    now: world.now(),
    expiringWithinMs: options.expiring,
    imageCas: [...publicRoots(), ...(await casOf(context, options.imageCa))],
    kmsCas: await casOf(context, options.kmsCa),
  };
  const ask = async <T>(endpoint: Endpoint, question: () => Promise<T>): Promise<T> => {
    out.step(hostAndPort(endpoint));
    return question();
  };
  const { apiServer, signer } = inputs;
  const look = async (what: ServerFact["what"], endpoint: Endpoint): Promise<ServerFact> => ({
    what,
    endpoint,
    tls: await ask(endpoint, () => prober.tls(endpoint)),
  });
  // All at once: who does not answer takes 10 s.
  const [answer, servers, kms] = await Promise.all([
    signer && ask(signer, () => askSigner(signer, { ...base, ...inputs }, prober)),
    Promise.all([
      ...options.node.map((each) => look("apid", each)),
      ...(apiServer === undefined ? [] : [look("kube-apiserver", apiServer)]),
    ]),
    Promise.all(inputs.kms.map((each) => ask(each.endpoint, () => askKms(each, base, options, prober)))),
  ]);
  return { ...base, ...inputs, signer: answer, servers, kms };
}

async function askSigner(
  endpoint: Endpoint,
  known: Inputs & Pick<Facts, "now" | "expiringWithinMs">,
  prober: Prober,
): Promise<SignerFact> {
  const { talosCas: roots, token } = known;
  const tls = await prober.tls(endpoint);
  const trusted = !serverProblems(tls, { ...known, roots, endpoint }).some(isError);
  if (!trusted || roots === undefined || token === undefined) return { endpoint, tls, signing: undefined };
  return { endpoint, tls, signing: await prober.sign(endpoint, encodeCertificates(roots), token) };
}

async function askKms(
  kms: Inputs["kms"][number],
  known: Pick<Facts, "now" | "expiringWithinMs" | "kmsCas" | "imageCas">,
  { nodeUuid, kmsCa, imageCa }: DoctorOptions,
  prober: Prober,
): Promise<KmsFact> {
  const { endpoint } = kms;
  const tls = endpoint.secure ? await prober.tls(endpoint) : undefined;
  const trusted = !kmsServerProblems({ endpoint, tls }, known).some(isError);
  if (!trusted || nodeUuid === undefined) return { ...kms, tls, roundTrip: undefined };
  // Without a CA of the user's own it is the system's turn.
  const own = kmsCa !== undefined || imageCa !== undefined;
  const ca = own ? encodeCertificates([...known.kmsCas, ...known.imageCas]) : undefined;
  return { ...kms, tls, roundTrip: await prober.roundTrip(endpoint, ca, nodeUuid) };
}

function isError({ severity }: { readonly severity: string }): boolean {
  return severity === "error";
}

async function casOf(context: CommandContext, path: string | undefined): Promise<readonly Certificate[]> {
  return path === undefined ? [] : readAuthorities(context, [path]);
}

/** Mozilla's, as Node has them; a Talos image has the same list. One that is not readable here is one less. */
function publicRoots(): readonly Certificate[] {
  return rootCertificates.flatMap((pem) => {
    try {
      return readCertificates(pem);
    } catch (error) {
      if (error instanceof PkiError) return [];
      throw error;
    }
  });
}

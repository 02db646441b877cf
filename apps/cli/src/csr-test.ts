import { encodeCertificates, verifyChain } from "@talos-bridge/pki";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import type { Endpoint } from "./endpoint.ts";
import { readJoinToken } from "./join-token.ts";
import { readCertificateFile } from "./pki/authorities.ts";
import { askSigner } from "./signer-call.ts";

export interface CsrTestOptions {
  readonly endpoint: Endpoint;
  readonly ca: string;
  readonly tokenFile: string;
  readonly hostname: string;
  readonly ip: readonly string[];
}

/** Does what a worker does at boot, and looks at the answer as closely. */
export async function testSigner(context: CommandContext, options: CsrTestOptions): Promise<void> {
  const { world, out } = context;
  const cas = await readCertificateFile(world, options.ca);
  const token = await readJoinToken(world, options.tokenFile);
  const from = performance.now();
  const { leaf, roots } = await askSigner(context, {
    endpoint: options.endpoint,
    ca: encodeCertificates(cas),
    token,
    names: {
      commonName: options.hostname,
      dnsNames: [options.hostname],
      ipAddresses: [...options.ip, "127.0.0.1"],
    },
  });
  const ms = Math.round(performance.now() - from);
  const now = world.now();
  for (const [what, trusted] of [
    ["the CAs that came with it", roots],
    [options.ca, cas],
  ] as const) {
    const verdict = verifyChain({ leaf, roots: trusted, now, usage: "serverAuth" });
    if (!verdict.ok)
      throw new CliError("TB2005", `the certificate does not verify with ${what}: ${verdict.message}`);
  }
  const names = [...leaf.dnsNames, ...leaf.ipAddresses];
  out.data(
    {
      kind: "SignedCertificate",
      subject: leaf.subject,
      names,
      notBefore: leaf.notBefore.toISOString(),
      notAfter: leaf.notAfter.toISOString(),
      acceptedCas: roots.length,
      ms,
    },
    {
      head: ["SUBJECT", "NAMES", "VALID UNTIL", "CAS", "TOOK"],
      rows: [[leaf.subject, names.join(","), leaf.notAfter.toISOString(), String(roots.length), `${ms} ms`]],
    },
  );
  out.done("signed, and verified with the CA");
}

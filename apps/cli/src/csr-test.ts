import { SecurityService } from "@talos-bridge/api";
import {
  createCertificateRequest,
  generateKey,
  PkiError,
  readCertificates,
  verifyChain,
} from "@talos-bridge/pki";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import type { Endpoint } from "./endpoint.ts";
import { readText } from "./files.ts";
import { withClient } from "./grpc-client.ts";

export interface CsrTestOptions {
  readonly endpoint: Endpoint;
  readonly ca: string;
  readonly tokenFile: string;
  readonly hostname: string;
  readonly ip: readonly string[];
}

/** Does what a worker does at boot, and looks at the answer as closely. */
export async function testSigner(context: CommandContext, options: CsrTestOptions): Promise<void> {
  const { world, out, signal } = context;
  const ca = await readText(world, options.ca);
  const token = (await readText(world, options.tokenFile)).split("\n", 1)[0]?.trim() ?? "";
  const privateKey = await generateKey("ed25519");
  const csr = await createCertificateRequest({
    names: {
      commonName: options.hostname,
      dnsNames: [options.hostname],
      ipAddresses: [...options.ip, "127.0.0.1"],
    },
    privateKey,
  });
  const from = performance.now();
  const answer = await withClient(context, SecurityService, options.endpoint, ca, (client) =>
    client.certificate({ csr: new TextEncoder().encode(csr) }, { headers: { token }, signal }),
  );
  const ms = Math.round(performance.now() - from);
  const { leaf, roots } = readAnswer(answer);
  if (Buffer.compare(leaf.publicKey.spki, privateKey.publicKey.spki) !== 0) {
    throw new CliError("TB2005", "the certificate is not of the key that was sent");
  }
  const now = world.now();
  for (const [what, trusted] of [
    ["the CAs that came with it", roots],
    [options.ca, readCertificates(new TextEncoder().encode(ca))],
  ] as const) {
    const verdict = verifyChain({ leaf, roots: trusted, now, usage: "serverAuth" });
    if (!verdict.ok) throw new CliError("TB2005", `with ${what} it does not verify: ${verdict.message}`);
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

function readAnswer({ crt, ca }: { readonly crt: Uint8Array; readonly ca: Uint8Array }): {
  readonly leaf: ReturnType<typeof readCertificates>[number];
  readonly roots: ReturnType<typeof readCertificates>;
} {
  try {
    const [leaf] = readCertificates(crt);
    if (leaf !== undefined) return { leaf, roots: readCertificates(ca) };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CliError("TB2005", `the answer is not usable: ${cause.message}`, { cause });
  }
  throw new CliError("TB2005", "the answer holds no certificate");
}

import { convertPrivateKey } from "@talos-bridge/pki";
import { createServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { look } from "../src/rotation/look.ts";
import type { RotationState } from "../src/rotation/state.ts";
import { ADMIN, makeAuthority, makeLeaf } from "./support/authorities.ts";
import { commandContext, NOW } from "./support/command-line.ts";

const [old, next, stranger] = [await makeAuthority(), await makeAuthority(), await makeAuthority()];

async function client(authority: typeof old): Promise<{ certificate: string; key: string }> {
  const { crt, key } = await makeLeaf(authority, ADMIN);
  return { certificate: crt, key };
}

/** A server that shows these certificates, one a connection, and lets everybody in. */
async function serve(
  certificates: readonly { readonly crt: string; readonly key: string }[],
): Promise<string> {
  const shown = certificates.map(({ crt, key }) => ({ cert: crt, key: convertPrivateKey(key, "pkcs8") }));
  const server = createServer({ ...shown[0], ALPNProtocols: ["h2"] }, (socket) => {
    socket.on("error", () => undefined);
    socket.end("hello");
  });
  let taken = 0;
  // For the next connection: this one has its own by now.
  server.on("connection", () => server.setSecureContext(shown[++taken] ?? {}));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `127.0.0.1:${address.port}`;
}

test.each([
  { name: "the node both times", strange: false, want: { accepts: { old: true, new: true } } },
  { name: "somebody else to the old client", strange: true, want: "it showed two certificates in one look" },
])("what is seen of $name", async ({ strange, want }) => {
  const node = await makeLeaf(old, undefined, { names: ["127.0.0.1"] });
  const other = await makeLeaf(stranger, undefined, { names: ["127.0.0.1"] });
  const address = await serve([strange ? other : node, node]);
  const state: RotationState = {
    stage: "accept",
    startedAt: NOW.toISOString(),
    stageSince: NOW.toISOString(),
    nodes: [address],
    signers: [],
    context: "demo",
    oldCertificate: old.crt,
    newCa: { certificate: next.crt, key: next.key },
    clients: { old: await client(old), new: await client(next) },
    patched: [],
  };
  const { nodes } = await look(commandContext(), state, { token: "", auditFiles: [] });
  const sight = nodes.get(address);
  if (typeof want === "string") expect(sight).toBe(want);
  else expect(sight).toMatchObject(want);
});

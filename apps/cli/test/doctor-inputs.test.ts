import { encodeWorkerConfig, parseTalosVersion, readSecretsBundle } from "@talos-bridge/secrets-bundle";
import { expect, test } from "vitest";
import { readInputs } from "../src/doctor/inputs.ts";
import { file } from "./support/authorities.ts";
import { JOIN_TOKEN, makeBundle } from "./support/bundle.ts";
import { commandContext, NOW, scratchDir } from "./support/command-line.ts";

const mine = await makeBundle(NOW);
const theirs = readSecretsBundle(await makeBundle(NOW));
const machine = encodeWorkerConfig({
  bundle: theirs,
  talosVersion: parseTalosVersion("v1.13"),
  clusterName: "theirs",
  endpoint: "https://10.0.0.9:6443",
});
const withoutToken = machine.replace(/^ {4}token: tokens\..*\n/m, "");

// Whoever is asked has a certificate of these CAs, and gets this token.
test.each([
  { name: "the bundle alone", with: { secrets: mine }, want: JOIN_TOKEN },
  {
    name: "a machine config with its own token",
    with: { machineConfig: machine, secrets: mine },
    want: JOIN_TOKEN,
  },
  {
    name: "a foreign machine config without a token beside the bundle",
    with: { machineConfig: withoutToken, secrets: mine },
    want: undefined,
  },
])("$name: the token is of the file that says whom to trust", async ({ with: files, want }) => {
  const dir = scratchDir();
  const named = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, file(dir, name, text)]),
  );
  const { token } = await readInputs(commandContext(), { node: [], volumes: [], expiring: 1, ...named });
  expect(token).toBe(want);
});

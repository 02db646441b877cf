// Keys, requests and certificates that talosctl makes, in the hands of `talos-bridge pki`; and keys back in talosctl's.
import { match, strictEqual } from "node:assert";
import type { Case, Programs } from "./programs.ts";

export function pkiCases(programs: Programs): readonly Case[] {
  return [
    ["keys of talosctl gen ca are converted there and back", () => convertKeys(programs)],
    [
      "a certificate of talosctl gen key, csr and crt verifies with its CA, and with no other",
      () => verifyClient(programs),
    ],
    ["a pair of talosctl gen keypair verifies for its own address alone", () => verifyServer(programs)],
  ];
}

function convertKeys({ bridge, talosctl, read }: Programs): void {
  talosctl("gen", "ca", "--organization", "edwards");
  talosctl("gen", "ca", "--organization", "rivest", "--rsa");
  match(
    bridge("pki", "inspect", "edwards.crt", "rivest.crt"),
    /O=edwards +itself +ed25519.*\n.*O=rivest +itself +rsa/,
  );
  for (const name of ["edwards", "rivest"]) {
    bridge("pki", "convert-key", `${name}.key`, "--to", "pkcs8", "--out", `${name}.pkcs8`);
    match(read(`${name}.pkcs8`), /^-----BEGIN PRIVATE KEY-----/);
    strictEqual(bridge("pki", "convert-key", `${name}.pkcs8`, "--to", "talos"), read(`${name}.key`));
  }
}

function verifyClient({ bridge, bridgeEnds, talosctl }: Programs): void {
  talosctl("gen", "key", "--name", "client");
  // talosctl reads a key under either label.
  bridge("pki", "convert-key", "client.key", "--to", "pkcs8", "--out", "client.key", "--force");
  talosctl("gen", "csr", "--key", "client.key", "--ip", "10.5.0.2", "--roles", "os:reader");
  match(bridge("pki", "inspect", "client.csr"), /request +O=os:reader +ed25519 +10\.5\.0\.2/);
  talosctl("gen", "ca", "--organization", "ours");
  talosctl("gen", "ca", "--organization", "another");
  talosctl("gen", "crt", "--ca", "ours", "--csr", "client.csr", "--name", "client");
  bridge("pki", "verify", "client.crt", "--ca", "ours.crt", "--usage", "client");
  strictEqual(
    bridgeEnds("pki", "verify", "client.crt", "--ca", "another.crt", "--usage", "client").status,
    3,
  );
  strictEqual(bridgeEnds("pki", "verify", "client.crt", "--ca", "ours.crt", "--usage", "server").status, 3);
}

function verifyServer({ bridge, bridgeEnds, talosctl }: Programs): void {
  talosctl("gen", "keypair", "--organization", "server", "--ip", "10.5.0.2");
  const server = [
    "pki",
    "verify",
    "server.crt",
    "--ca",
    "server.crt",
    "--usage",
    "server",
    "--name",
  ] as const;
  bridge(...server, "10.5.0.2");
  strictEqual(bridgeEnds(...server, "10.5.0.3").status, 3);
}

// The patches that `talos-bridge ca rotate` writes for nodes, put onto machine configs by talosctl.
import { addAcceptedCa, TALOS_VERSIONS } from "@talos-bridge/secrets-bundle";
import { strictEqual } from "node:assert";
import type { Case, Programs } from "./programs.ts";
import { validate, writeWorker } from "./worker-cases.ts";

const OLD = "ed25519.yaml";
const NEW = "rotation/stage-3-forget/secrets.yaml";

export function rotationCases(programs: Programs): readonly Case[] {
  let written = false;
  return TALOS_VERSIONS.map((version): Case => [
    `the patches of a rotation make machine.ca and acceptedCAs of a worker of Talos ${version} exact, and touch nothing else`,
    () => {
      if (!written) writePatches(programs);
      written = true;
      takePatches(programs, version);
    },
  ]);
}

/** No node is there for the rotation to go on: its state is set to each stage, of which it writes the files, and waits. */
function writePatches({ bridge, bridgeEnds, read, write }: Programs): void {
  const about = ["--secrets", OLD, "--dir", "rotation", "--dry-run=false", "--timeout", "2s"];
  const waits = (...argv: readonly string[]): void =>
    strictEqual(bridgeEnds("ca", "rotate", ...argv, ...about).status, 124);
  const setStage = (stage: string): void => {
    const state: object = JSON.parse(read("rotation/rotation.json"));
    write("rotation/rotation.json", JSON.stringify({ ...state, stage }));
  };
  waits("start", "--nodes", "127.0.0.1:9", "--signer", "127.0.0.1:9");
  setStage("issue");
  waits("start");
  setStage("forget");
  waits("finish");
  for (const [name, secrets] of [
    ["old.pem", OLD],
    ["new.pem", NEW],
  ] as const)
    write(name, bridge("secrets", "extract", "certs.os.crt", "--secrets", secrets));
}

function takePatches(programs: Programs, version: string): void {
  const { bridge, talosctl, read, write } = programs;
  const stages = [
    { patch: "stage-1-accept", wanted: { version, secrets: OLD, acceptedCas: "new.pem" } },
    { patch: "stage-2-issue", wanted: { version, secrets: NEW, acceptedCas: "old.pem" } },
    { patch: "stage-3-forget", wanted: { version, secrets: NEW } },
  ];
  // With a CA of another rotation, which is to go.
  const other = bridge("secrets", "extract", "certs.os.crt", "--secrets", "p256.yaml");
  write("node.yaml", addAcceptedCa(read(writeWorker(programs, { version })), other));
  for (const { patch, wanted } of stages) {
    writeWorker(programs, { ...wanted, out: "wanted.yaml" });
    // The second time changes nothing.
    for (const output of ["node.yaml", "node.yaml"]) {
      const file = `@rotation/${patch}/node-patch.yaml`;
      talosctl("machineconfig", "patch", "node.yaml", "--patch", file, "--output", output);
      strictEqual(read("node.yaml"), read("wanted.yaml"));
    }
    validate(programs, "node.yaml");
  }
}

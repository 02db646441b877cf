import { BUILD } from "@talos-bridge/settings";
import type { Command } from "commander";
import type { Register } from "../register.ts";

export function addVersion(program: Command, register: Register): void {
  const command = program
    .command("version")
    .description("print the version")
    .option("--short", "the version alone", false);
  register<{ short: boolean }>(command, async ({ out }, { short }) => {
    const { version, revision } = BUILD;
    out.data(
      { kind: "Version", version, revision, node: process.versions.node },
      short
        ? `${version}\n`
        : `talos-bridge ${version}, revision ${revision}, Node ${process.versions.node}\n`,
    );
  });
}

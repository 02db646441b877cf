// Runs a guide's shell blocks as they stand, with a `vault` that is a real OpenBao's command.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { codeBlocks, sectionOf } from "../docs/markdown.ts";
import { openBaoBinary } from "./openbao-binary.ts";
import type { OpenBao } from "./openbao.ts";

/** Where the guides' examples have their secrets. */
const SECRETS = "/var/run/secrets/vault";

export interface Shell {
  /** Stands in for {@link SECRETS}, and is the folder that commands run in. */
  readonly folder: string;
  /** Runs all `sh` blocks under these headings, one script; rejects where a command fails. The `VAULT_*` that it exports. */
  readonly follow: (
    headings: readonly string[],
    bao: OpenBao,
    env?: Readonly<Record<string, string>>,
  ) => Readonly<Record<string, string>>;
  /** Ends what the blocks left running. */
  readonly close: () => void;
}

/** `kubectl`: a script that stands in for it, where the guide has such commands. */
export function createShell(guide: string, folder: string, kubectl = "exit 1"): Shell {
  const page = readFileSync(resolve(import.meta.dirname, `../../docs/guides/${guide}.md`), "utf8");
  const bin = join(folder, "bin");
  const pids = join(folder, "pids");
  mkdirSync(bin, { recursive: true });
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program("vault", `exec ${openBaoBinary()} "$@"`);
  program("kubectl", kubectl);

  return {
    folder,
    follow(headings, bao, env = {}) {
      const sections = headings.map((heading) => sectionOf(page, heading));
      const blocks = sections.flatMap((section) => codeBlocks(section));
      const text = (language: string): readonly string[] =>
        blocks
          .filter((block) => block.language === language)
          .map((block) => block.text.replaceAll(SECRETS, folder));
      const scripts = text("sh");
      if (scripts.length === 0) throw new Error(`${guide}: nothing to run under ${headings.join(", ")}`);
      for (const hcl of text("hcl")) writeFileSync(join(folder, "proxy.hcl"), hcl);
      const admin = { VAULT_ADDR: bao.address, VAULT_CACERT: bao.caFile ?? "", VAULT_TOKEN: bao.rootToken() };
      const exported = join(folder, "exported");
      const script = `set -euo pipefail\n${scripts.join("\n")}\nenv -0 >'${exported}'\njobs -p >>'${pids}'\n`;
      // A file, not a pipe: what runs on in the background would keep a pipe open.
      const log = join(folder, "shell.log");
      const sink = openSync(log, "w");
      const { status } = spawnSync("bash", ["-c", script], {
        cwd: folder,
        stdio: ["ignore", sink, sink],
        env: { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: folder, ...admin, ...env },
        timeout: 60_000,
      });
      closeSync(sink);
      if (status !== 0)
        throw new Error(`${headings.join(", ")}: status ${status}\n${readFileSync(log, "utf8")}`);
      const all = readFileSync(exported, "utf8")
        .split("\0")
        .map((line) => line.split(/=(.*)/s, 2));
      return Object.fromEntries(
        all.flatMap(([name = "", value = ""]) =>
          name.startsWith("VAULT_") && value !== bao.rootToken() ? [[name, value] as const] : [],
        ),
      );
    },
    close() {
      const left = existsSync(pids) ? readFileSync(pids, "utf8").split("\n") : [];
      for (const pid of left.filter((line) => line !== "")) {
        try {
          process.kill(Number(pid));
        } catch {
          // It has ended.
        }
      }
      rmSync(pids, { force: true });
    },
  };
}

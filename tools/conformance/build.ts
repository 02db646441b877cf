// Builds the Go program of this folder into a cache outside the work tree, keyed by all that goes into it, and prints the
// path of the binary. From empty Go caches this takes minutes: CI starts it in the background.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const FLAGS = ["-mod=readonly", "-trimpath", "-ldflags=-s -w"];
const GO_MINOR = 26;

/**
 * The path of the binary that a folder's Go program gives; builds it where it isn't there yet. Throws with one line where
 * there is no Go new enough.
 */
export function conformanceBinary(source: string = import.meta.dirname): string {
  const folder = join(cacheRoot(), "talos-bridge-tools", buildKey(source, goVersion()));
  const binary = join(folder, "conformance");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  // A name of its own, then one rename: two builds at once, or one that is cut off, leave no half binary.
  const temporary = `${binary}.${process.pid}`;
  const { status } = spawnSync("go", ["build", ...FLAGS, "-o", temporary, "."], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error("go build failed");
  renameSync(temporary, binary);
  return binary;
}

function cacheRoot(): string {
  const given = process.env["XDG_CACHE_HOME"];
  return given === undefined || given === "" ? join(homedir(), ".cache") : given;
}

function goVersion(): string {
  const { stdout } = spawnSync("go", ["env", "GOVERSION"], { cwd: import.meta.dirname, encoding: "utf8" });
  const version = typeof stdout === "string" ? stdout.trim() : "";
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < GO_MINOR)
    throw new Error(`Go 1.${GO_MINOR} or newer is needed, found: ${version === "" ? "none" : version}`);
  return version;
}

function buildKey(source: string, version: string): string {
  const hash = createHash("sha256").update(JSON.stringify([version, process.platform, process.arch, FLAGS]));
  for (const file of readdirSync(source).toSorted()) {
    if (!/\.(go|mod|sum|json)$/.test(file)) continue;
    const content = readFileSync(join(source, file));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

if (import.meta.main) {
  try {
    console.log(conformanceBinary());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

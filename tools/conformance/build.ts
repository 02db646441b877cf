// Builds the Go program of this folder, or of the one below it that is named, into a cache outside the work tree, keyed by all
// that goes into it, and prints the path of the binary. From empty Go caches this takes minutes: CI starts it in the background.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

interface Build {
  /** A folder with a go.mod. */
  readonly source: string;
  /** "." is the program in that folder; another is one that its go.mod pins, and no file beside go.mod and go.sum counts. */
  readonly package: string;
  readonly ldflags: string;
  readonly name: string;
}

/** Programs of others, by the folder that pins them. */
const PINNED: Readonly<Record<string, Omit<Build, "source">>> = {
  talosctl: {
    package: "github.com/siderolabs/talos/cmd/talosctl",
    // The version of go.mod: talosctl compares it with that of a node.
    ldflags: "-s -w -X github.com/siderolabs/talos/pkg/machinery/version.Tag=v1.12.0",
    name: "talosctl",
  },
};

const FLAGS = ["-mod=readonly", "-trimpath"];
const GO_MINOR = 26;

/**
 * The path of the binary that a folder's Go program gives; builds it where it isn't there yet. Throws with one line where
 * there is no Go new enough.
 */
export function conformanceBinary(source: string = import.meta.dirname): string {
  return binaryOf({ source, package: ".", ldflags: "-s -w", name: "conformance" });
}

/** The same for a program of others that a folder here pins. */
export function pinnedBinary(folder: string): string {
  const pinned = PINNED[folder];
  if (pinned === undefined) throw new Error(`${folder} pins no program`);
  return binaryOf({ ...pinned, source: join(import.meta.dirname, folder) });
}

function binaryOf(build: Build): string {
  const folder = join(cacheRoot(), "talos-bridge-tools", buildKey(build, goVersion()));
  const binary = join(folder, build.name);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  // A name of its own, then one rename: two builds at once, or one that is cut off, leave no half binary.
  const temporary = `${binary}.${process.pid}`;
  const args = [...FLAGS, `-ldflags=${build.ldflags}`, "-o", temporary, build.package];
  const { status } = spawnSync("go", ["build", ...args], {
    cwd: build.source,
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

function buildKey({ source, package: path, ldflags }: Build, version: string): string {
  const given = [version, process.platform, process.arch, FLAGS, ldflags, path];
  const hash = createHash("sha256").update(JSON.stringify(given));
  const inputs = path === "." ? /\.(go|mod|sum|json)$/ : /^go\.(mod|sum)$/;
  for (const file of readdirSync(source).toSorted()) {
    if (!inputs.test(file)) continue;
    const content = readFileSync(join(source, file));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

if (import.meta.main) {
  try {
    const [folder = ""] = process.argv.slice(2);
    console.log(
      folder in PINNED ? pinnedBinary(folder) : conformanceBinary(join(import.meta.dirname, folder)),
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

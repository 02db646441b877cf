// Bundles the app in the current folder: src/main.ts → dist/, which then runs with nothing beside Node 24.
// An app's `build` script is `node ../../tools/bundle.ts`.
//
//   dist/main.js        one ES module
//   dist/package.json   name, version, revision; says that main.js is a module, wherever dist/ is copied to
//   dist/LICENSES.txt   the licence texts of everything bundled
//
// Code reads two constants, which only a bundle defines: TALOS_BRIDGE_VERSION and TALOS_BRIDGE_REVISION (strings).
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { build } from "esbuild";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly description?: string;
  readonly engines?: Readonly<Record<string, string>>;
}

const root = resolve(import.meta.dirname, "..");
const app = process.cwd();
const out = join(app, "dist");

const manifest = readManifest(app);
const revision = process.env["TALOS_BRIDGE_REVISION"] || gitRevision();

const { outputFiles, metafile } = await build({
  entryPoints: [join(app, "src/main.ts")],
  absWorkingDir: root,
  outfile: join(out, "main.js"),
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "node",
  target: "node24",
  conditions: ["@talos-bridge/source"],
  // Half the bytes to parse at start. Names stay and lines are short, so that a stack trace can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
  sourcemap: false,
  legalComments: "none",
  define: {
    TALOS_BRIDGE_VERSION: JSON.stringify(manifest.version),
    TALOS_BRIDGE_REVISION: JSON.stringify(revision),
  },
  // Some dependencies are CommonJS and require Node's own modules. The long name can't meet one of the bundle's.
  banner: {
    js: 'import{createRequire as createRequireOfBundle}from"node:module";const require=createRequireOfBundle(import.meta.url);',
  },
  logLevel: "warning",
});

const code = outputFiles[0]?.contents;
if (code === undefined) throw new Error("esbuild gave no output");
const { name, version, license, description, engines } = manifest;

const packages = bundledPackages(Object.keys(metafile.inputs));
mkdirSync(out, { recursive: true });
removeOthers(out, ["main.js", "package.json", "LICENSES.txt"]);
replaceFile("LICENSES.txt", licences(packages));
replaceFile(
  "package.json",
  `${JSON.stringify({ name, version, revision, description, license, type: "module", main: "main.js", engines }, null, 2)}\n`,
);
replaceFile("main.js", code);
console.log(
  `${name} ${version} (${revision}): dist/main.js, ${(code.length / 1e6).toFixed(2)} MB, ${packages.length} packages inside`,
);

/** The short commit, or "unknown" outside a checkout: a source archive must build too. */
function gitRevision(): string {
  const { status, stdout } = spawnSync("git", ["rev-parse", "--short=12", "HEAD"], {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : "unknown";
}

function readManifest(folder: string): Manifest {
  const content: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return content;
}

/** Folders of the foreign packages that the bundle holds, in order of path. */
function bundledPackages(inputs: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const input of inputs) {
    const parts = resolve(root, input).split(sep);
    const at = parts.lastIndexOf("node_modules");
    if (at === -1) continue;
    folders.add(parts.slice(0, at + (parts[at + 1]?.startsWith("@") === true ? 3 : 2)).join(sep));
  }
  return [...folders].toSorted();
}

/** Each package's own licence and notice files. A package that names a licence but ships no text is told by its name. */
function licences(folders: readonly string[]): string {
  const own = ["LICENSE", "NOTICE"].map((file) => readFileSync(join(root, file), "utf8").trim());
  const sections = [`${name} ${version}\n\n${own.join("\n\n")}`];
  for (const folder of folders) {
    const bundled = readManifest(folder);
    if (bundled.license === undefined) throw new Error(`${bundled.name} names no licence`);
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)(\.|-|$)/i.test(file));
    const texts = files.toSorted().map((file) => readFileSync(join(folder, file), "utf8").trim());
    sections.push([`${bundled.name} ${bundled.version}: ${bundled.license}`, ...texts].join("\n\n"));
  }
  return `${sections.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/** What an older build left. Files of this build are replaced in one step instead: a running test may read them. */
function removeOthers(folder: string, kept: readonly string[]): void {
  for (const file of readdirSync(folder)) {
    if (!kept.includes(file)) rmSync(join(folder, file), { recursive: true });
  }
}

function replaceFile(file: string, content: string | Uint8Array): void {
  const temporary = join(out, `${file}.${process.pid}`);
  writeFileSync(temporary, content);
  renameSync(temporary, join(out, file));
}

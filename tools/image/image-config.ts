// The configuration of an image in an OCI layout. As a program it prints one value of it, as one line of JSON:
//
//   node tools/image/image-config.ts LAYOUT KEY
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly [key: string]: unknown;
}

interface Descriptor {
  readonly digest: string;
}

/** Of the layout's first image. */
export function readImageConfig(layout: string): ImageConfig {
  const index: { manifests: readonly Descriptor[] } = JSON.parse(read(layout, "index.json"));
  const manifest: { config?: Descriptor } = JSON.parse(readBlob(layout, index.manifests[0]));
  const { config }: { config: ImageConfig } = JSON.parse(readBlob(layout, manifest.config));
  return config;
}

function readBlob(layout: string, descriptor: Descriptor | undefined): string {
  if (descriptor === undefined) throw new Error(`${layout} holds no image`);
  return read(layout, `blobs/${descriptor.digest.replace(":", "/")}`);
}

function read(layout: string, file: string): string {
  return readFileSync(join(layout, file), "utf8");
}

if (import.meta.main) {
  const [layout = "", key = ""] = process.argv.slice(2);
  console.log(JSON.stringify(readImageConfig(layout)[key] ?? null));
}

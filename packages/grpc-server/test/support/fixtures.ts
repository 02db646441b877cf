import { readFileSync } from "node:fs";

function load(name: string): { readonly cert: string; readonly key: string } {
  const read = (end: string): string =>
    readFileSync(new URL(`../fixtures/${name}.${end}`, import.meta.url), "utf8");
  return { cert: read("crt"), key: read("key") };
}

/** See test/fixtures/README.md. */
export const FIRST = load("first");
export const SECOND = load("second");

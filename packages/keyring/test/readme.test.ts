import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

test("the README's example does what it says", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
  try {
    const file = join(folder, "example.ts");
    writeFileSync(file, example);
    const { version, opened } = await import(pathToFileURL(file).href);
    expect({ version, opened }).toEqual({ version: 2, opened: "a disk key of 32 bytes, at most." });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

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
    const { tokenId, stranger } = await import(pathToFileURL(file).href);
    expect({ tokenId, stranger }).toEqual({ tokenId: "file:4", stranger: undefined });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

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
    const { key, refused } = await import(pathToFileURL(file).href);
    expect(key).toEqual({ label: "PRIVATE KEY", der: Uint8Array.of(0x30, 0x00) });
    expect(refused).toBe("PemError: line 4: text outside a block");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

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
    const shown = await import(pathToFileURL(file).href);
    expect({ ...shown }).toEqual({
      subject: "CN=worker-1",
      ipAddresses: ["10.5.0.4"],
      leftOut: [{ name: "10.5.0.1", reason: "own-name" }],
      dropped: ["organization"],
      verdict: true,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

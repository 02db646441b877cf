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
    const { good, bad } = await import(pathToFileURL(file).href);
    expect(good.values).toEqual({
      listen: { host: "127.0.0.1", port: 9000 },
      timeout: 90_000,
      token: undefined,
    });
    expect(bad.faults).toEqual([
      { setting: "--timout", fault: "is no known flag; did you mean --timeout?" },
      { setting: "LISTEN", fault: expect.stringMatching(/^must be an address with a port.*, not "9000"$/) },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Code } from "@connectrpc/connect";
import { HealthCheckResponse_ServingStatus } from "@talos-bridge/api";
import { expect, test } from "vitest";

test("the README's example does what it says", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
  try {
    const file = join(folder, "example.ts");
    writeFileSync(file, example);
    const { health, refused, drained } = await import(pathToFileURL(file).href);
    expect(health).toMatchObject({ status: HealthCheckResponse_ServingStatus.SERVING });
    expect(refused).toMatchObject({ code: Code.Unauthenticated, rawMessage: "invalid token" });
    expect(drained).toEqual({ completed: true, abandoned: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

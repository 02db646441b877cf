import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { createFakeVault } from "./support/fake-vault.ts";
import { serve } from "./support/servers.ts";

test("the README's example does what it says", async () => {
  const fake = createFakeVault({ now: () => 0 });
  const { port } = await serve((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const token = request.headers["x-vault-token"];
      const message = { method: "POST", path: request.url ?? "", body: body === "" ? "{}" : body } as const;
      const headers = { "X-Vault-Token": typeof token === "string" ? token : "" };
      void fake
        .request({ ...message, headers, signal: new AbortController().signal })
        .then((answer) => response.writeHead(answer.status).end(answer.body));
    });
  });
  vi.stubEnv("VAULT_ADDR", `http://127.0.0.1:${port}`);
  vi.stubEnv("VAULT_TOKEN", fake.makeToken());
  onTestFinished(() => void vi.unstubAllEnvs());
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "example.ts");
  writeFileSync(file, example);
  const { ciphertext, opened } = await import(pathToFileURL(file).href);
  expect({ ciphertext, opened }).toEqual({
    ciphertext: "vault:v1:AAAA",
    opened: { plaintext: new Uint8Array(3), keyVersion: 1 },
  });
  expect(fake.paths().filter((path) => path.includes("revoke"))).toEqual([]);
});

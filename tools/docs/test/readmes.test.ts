// Examples in READMEs whose packages have no test of their own for them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { codeBlocks } from "../markdown.ts";

const root = resolve(import.meta.dirname, "../../..");

/** What the one `ts` block of a package's README exports, run inside that package. */
async function exampleOf(name: string): Promise<Record<string, unknown>> {
  const folder = join(root, "packages", name);
  const blocks = codeBlocks(readFileSync(join(folder, "README.md"), "utf8"));
  const [example, ...more] = blocks.filter(({ language }) => language === "ts");
  expect([example?.language, more.length]).toEqual(["ts", 0]);
  const scratch = mkdtempSync(join(folder, "readme-"));
  try {
    const file = join(scratch, "example.ts");
    writeFileSync(file, example?.text ?? "");
    return { ...(await import(pathToFileURL(file).href)) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

test("api: the bytes on the wire and the path of the method", async () => {
  const { wire, again, path } = await exampleOf("api");
  expect(wire).toEqual(new Uint8Array([0x0a, 3, 1, 2, 3]));
  expect(again).toMatchObject({ csr: new Uint8Array([1, 2, 3]) });
  expect(path).toBe("/securityapi.SecurityService/Certificate");
});

test("grpc-server: health is open, the gate refuses, and the end is clean", async () => {
  const { health, refused, drained } = await exampleOf("grpc-server");
  expect(health).toMatchObject({ status: 1 });
  expect(refused).toMatchObject({ code: Code.Unauthenticated, rawMessage: "invalid token" });
  expect(drained).toEqual({ completed: true, abandoned: 0 });
});

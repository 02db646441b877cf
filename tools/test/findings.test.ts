// The texts that people search for lead to a page with cause and cure.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FINDINGS, noteOf, type FindingId } from "../../apps/cli/src/finding-table.ts";

const guide = readFileSync(new URL("../../docs/guides/troubleshooting.md", import.meta.url), "utf8");

function isId(text: string): text is FindingId {
  return text in FINDINGS;
}

test.each([
  { text: "x509: certificate has expired", id: "expired" },
  { text: "x509: certificate signed by unknown authority", id: "unknown-authority" },
  { text: "certificate is missing the client auth extended key usage", id: "no-client-auth" },
  { text: "x509: certificate is valid for …, not …", id: "wrong-name" },
  { text: "tls: private key does not match public key", id: "key-mismatch" },
] as const)("$text", ({ text, id }) => {
  expect(noteOf(id).says).toContain(text);
  expect(guide).toContain(text);
  expect(guide).toContain(`findings.md#${id}`);
});

test("every finding that a guide or the source leads to is in the table", () => {
  const links = [...guide.matchAll(/findings\.md#(?<id>[a-z-]+)/g)].map(({ groups }) => groups?.["id"] ?? "");
  expect(links.length).toBeGreaterThan(6);
  expect(links.filter((id) => !isId(id))).toEqual([]);
});

test("every finding has a title, a cause and a cure", () => {
  for (const [id, { title, cause, cure }] of Object.entries(FINDINGS)) {
    expect(id).toMatch(/^[a-z][a-z0-9]*(?:-[a-z]+)*$/);
    expect(title).not.toBe("");
    expect(cause).toMatch(/\.$/);
    expect(cure).toMatch(/[.)]$/);
  }
});

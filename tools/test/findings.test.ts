// The texts that people search for lead to a page with cause and cure.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERRORS } from "../../apps/cli/src/error-table.ts";
import { FINDINGS, noteOf, type FindingId } from "../../apps/cli/src/finding-table.ts";
import { createProgram } from "../../apps/cli/src/run.ts";

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

test("every command that a cure, an error or a page names exists, with its options", () => {
  const notes = [...Object.values(FINDINGS), ...Object.values(ERRORS)].map(({ cure }) => cure).join("\n");
  const pages = ["../../apps/cli/README.md", "../../docs/guides/troubleshooting.md"].map((path) =>
    readFileSync(new URL(path, import.meta.url), "utf8"),
  );
  const lines = [...[notes, ...pages].join("\n").matchAll(/\btalos-bridge (?<words>[a-z][^`|#\n]*)/g)];
  expect(lines.length).toBeGreaterThan(20);
  const faults = lines.flatMap(({ groups }) => commandFaults(groups?.["words"] ?? ""));
  expect(faults).toEqual([]);
});

const program = createProgram(
  {
    argv: [],
    env: {},
    readStdin: async () => new Uint8Array(),
    stdout: { write: () => undefined, isTerminal: false },
    stderr: { write: () => undefined, isTerminal: false },
    now: () => new Date(0),
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  },
  () => undefined,
);

function commandFaults(line: string): readonly string[] {
  let command = program;
  const words = line.trim().split(/\s+/);
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
  }
  if (command.commands.length > 0) return [`${line}: no such command`];
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
  return words
    .filter((word) => /^-[a-z-]/.test(word) && !known.includes(word) && word !== "--help")
    .map((word) => `${line}: no ${word}`);
}

// The checks of the documents can fail.
import { describe, expect, test } from "vitest";
import { wordFaults } from "../code-words.ts";
import { anchors, codeBlocks, linkTargets, sectionOf } from "../markdown.ts";
import type { ProgramNotes } from "../program-notes.ts";
import { fillThreatRows, readThreatRows, ROWS, threatFaults } from "../threat-rows.ts";

const LINE = (row: number, tests: string, does = "Refuses"): string =>
  `| ${row} | An attack | ${does} | ${tests} |`;
const PAGE = ROWS.map((row) => LINE(row, "`a.test.ts`")).join("\n");
const SOURCE = ROWS.map((row) => `test("row ${row}: refused", () => {});`).join("\n");
const read = (path: string): string | undefined => (path === "a.test.ts" ? SOURCE : undefined);

describe("the threat model", () => {
  const rows: { name: string; page: string; want: readonly string[] }[] = [
    { name: "whole", page: PAGE, want: [] },
    {
      name: "a row without a test",
      page: PAGE.replace(LINE(3, "`a.test.ts`"), LINE(3, "-")),
      want: ["row 3: names no test"],
    },
    {
      name: "a row that says why it is not done",
      page: PAGE.replace(LINE(3, "`a.test.ts`"), LINE(3, "-", "Not done: too costly")),
      want: [],
    },
    {
      name: "a file that is not there",
      page: PAGE.replace(LINE(3, "`a.test.ts`"), LINE(3, "`b.test.ts`")),
      want: ["row 3: b.test.ts is not there"],
    },
    {
      name: "a row that is missing",
      page: PAGE.replace(LINE(3, "`a.test.ts`"), ""),
      want: ["row 3: is there 0 times"],
    },
    { name: "a row twice", page: `${PAGE}\n${LINE(3, "`a.test.ts`")}`, want: ["row 3: is there 2 times"] },
    {
      name: "an unknown row",
      page: `${PAGE}\n${LINE(99, "`a.test.ts`")}`,
      want: ["row 99: is no known row"],
    },
  ];
  test.each(rows)("$name", ({ page, want }) => {
    expect(threatFaults(readThreatRows(page), read)).toEqual(want);
  });

  test.each([
    { name: "a title", source: 'test("row 7: x", …)', want: true },
    { name: "a title on a line of its own", source: "  test(\n    `row 7: x`,", want: true },
    { name: "a comment", source: '// test("row 7: x")', want: false },
    { name: "another row", source: 'test("row 77: x", …)', want: false },
  ])("a test is known by its title: $name", ({ source, want }) => {
    const filled = fillThreatRows(LINE(7, "-"), new Map([["x.test.ts", source]]));
    expect(filled).toBe(LINE(7, want ? "`x.test.ts`" : "-"));
  });
});

test("links are found in prose and not in code, headings become anchors", () => {
  const page = "# A `b`: c!\n\n[x](y.md#z) and ![p](q.svg), `[no](no.md)`\n\n```md\n# no\n[no](no.md)\n```\n";
  expect(linkTargets(page)).toEqual(["y.md#z", "q.svg"]);
  expect([...anchors(page)]).toEqual(["a-b-c"]);
  expect(codeBlocks(page)).toEqual([{ language: "md", text: "# no\n[no](no.md)", line: 5 }]);
});

test("a heading's section ends at the next heading, and not at a comment in a block", () => {
  const page = "## A\n\n```sh\n# no heading\nx\n```\n\n### B\n\ny\n";
  expect(sectionOf(page, "A")).toBe("\n```sh\n# no heading\nx\n```\n");
  expect(() => sectionOf(page, "C")).toThrow('no heading "C"');
});

describe("a message or an answer that no list has is a fault, and so is one that no source says", () => {
  const notes: ProgramNotes = {
    name: "it",
    reasons: "literal",
    answers: [{ code: "Aborted", text: "took … too long", reason: "slow", meaning: "" }],
    log: { done: { level: "info", fields: "", meaning: "" } },
  };
  const SAID = 'log.info("done"); throw refuse({ text: `took ${ms} too long`, reason: "slow" });';
  const faultsOf = (source: string, server = ""): readonly string[] =>
    wordFaults({ server, programs: [{ notes, source }] });

  test.each([
    { name: "a message", source: 'log.info("new", {});', want: 'log message "new" is in no notes of it' },
    {
      name: "either message of a choice",
      source: 'granted(kind === "x" ? "done" : "undone", {})',
      want: 'log message "undone" is in no notes of it',
    },
    {
      name: "a message at a level that is chosen",
      source: 'log[ok ? "info" : "warn"]("new")',
      want: 'log message "new" is in no notes of it',
    },
    { name: "a note that nothing logs", source: "", want: 'notes of it: nothing logs "done"' },
    { name: "a text that is not said", source: "", want: 'notes of it: it never says "took … too long"' },
    { name: "a reason", source: 'reason: "other"', want: 'reason "other" is in no notes of it' },
    {
      name: "a reason in a table",
      source: '  "other-one": { code: Code.Aborted, message: "x" },',
      want: 'reason "other-one" is in no notes of it',
    },
    { name: "a reason that is not there", source: "", want: 'notes of it: nothing has the reason "slow"' },
  ])("$name", ({ source, want }) => {
    expect(faultsOf(SAID)).not.toContain(want);
    expect(faultsOf(source)).toContain(want);
  });

  test("the server's", () => {
    const faults = faultsOf(SAID, 'const X = { message: "new text", reason: "new" };');
    expect(faults).toContain('answer "new text" (new) is not in server-notes.ts');
    expect(faults).toContain(
      'server-notes.ts: the server never says "message is too large" (message-too-large)',
    );
  });
});

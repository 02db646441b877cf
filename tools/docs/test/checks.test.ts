// The checks of the documents can fail.
import { describe, expect, test } from "vitest";
import { wordFaults } from "../code-words.ts";
import { anchors, codeBlocks, linkTargets } from "../markdown.ts";
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

test("a message or an answer that no list has is a fault, and so is one that no source says", () => {
  const faults = wordFaults({
    signer: 'log.info("something new", {});',
    server: 'const X = { message: "new text", reason: "new" };',
  });
  expect(faults).toContain('log message "something new" is not in log-notes.ts');
  expect(faults).toContain('log-notes.ts: nothing logs "listening"');
  expect(faults).toContain('answer "new text" (new) is not in answer-notes.ts');
  expect(faults).toContain(
    'answer-notes.ts: the server never says "message is too large" (message-too-large)',
  );
});

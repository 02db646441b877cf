// The threat model names, for each row, the test files that show it. Both ways: a row without a test, and a named file
// without a test of that row, are faults.

/** All rows; 33 to 39 are the key service's for disks. */
export const ROWS: readonly number[] = Array.from({ length: 42 }, (_, index) => index + 1);

export interface ThreatRow {
  readonly row: number;
  /** Paths in the last column. */
  readonly tests: readonly string[];
  /** A row that is not done says so, with its reason, where the others say what is done. */
  readonly open: boolean;
}

/** The table rows of the page: those whose first cell is a number. */
export function readThreatRows(markdown: string): readonly ThreatRow[] {
  return markdown.split("\n").flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (!/^\d+$/.test(cells[1] ?? "")) return [];
    const last = cells.at(-2) ?? "";
    const tests = [...last.matchAll(/`(?<path>[^`]+\.(?:ts|go))`/g)].map(
      ({ groups }) => groups?.["path"] ?? "",
    );
    return [{ row: Number(cells[1]), tests, open: cells.at(-3)?.startsWith("Not done: ") === true }];
  });
}

/** `read` gives a file's text, undefined where there is none. */
export function threatFaults(
  rows: readonly ThreatRow[],
  read: (path: string) => string | undefined,
): readonly string[] {
  const faults: string[] = [];
  for (const wanted of ROWS) {
    const count = rows.filter(({ row }) => row === wanted).length;
    if (count !== 1) faults.push(`row ${wanted}: is there ${count} times`);
  }
  for (const { row, tests, open } of rows) {
    if (!ROWS.includes(row)) {
      faults.push(`row ${row}: is no known row`);
      continue;
    }
    if (open) continue;
    if (tests.length === 0) faults.push(`row ${row}: names no test`);
    for (const path of tests) {
      const text = read(path);
      if (text === undefined) faults.push(`row ${row}: ${path} is not there`);
      else if (!titles(text, row)) faults.push(`row ${row}: ${path} has no test titled "row ${row}: …"`);
    }
  }
  return faults;
}

/** The page with its last column filled: for each row the files that have tests of it. `sources` are texts by path. */
export function fillThreatRows(markdown: string, sources: ReadonlyMap<string, string>): string {
  return markdown
    .split("\n")
    .map((line) => {
      const [found] = readThreatRows(line);
      if (found === undefined || found.open) return line;
      const files = [...sources].filter(([, text]) => titles(text, found.row)).map(([path]) => `\`${path}\``);
      return line.replace(/\|[^|]*\|$/, `| ${files.length === 0 ? "-" : files.toSorted().join(", ")} |`);
    })
    .join("\n");
}

/** `test("row 3: …` and `describe("row 3: …`, with any modifier such as `.each(…)`; not in a comment. */
function titles(source: string, row: number): boolean {
  return new RegExp(`^[^/\\n]*["'\`]row ${row}: `, "m").test(source);
}

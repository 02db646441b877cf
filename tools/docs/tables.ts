// Markdown tables of the reference pages.

export const MADE = "<!-- Made by tools/generate-docs.ts from the code. Change it there. -->\n";

/** One line a row, ending in a newline. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [head, head.map(() => "---"), ...rows].map(line).join("");
}

// What the checks need to know of Markdown.

/** One code block between fences. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** Line of its opening fence, from 1. */
  readonly line: number;
}

export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; line: number; text: string[] } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^```(?<language>\S*)/.exec(line);
    if (open === undefined && fence !== null) {
      open = { language: fence.groups?.["language"] ?? "", line: index + 1, text: [] };
    } else if (open !== undefined && fence !== null) {
      blocks.push({ ...open, text: open.text.join("\n") });
      open = undefined;
    } else {
      open?.text.push(line);
    }
  }
  return blocks;
}

/** Targets of inline links and images, code left aside. */
export function linkTargets(markdown: string): readonly string[] {
  const prose = withoutBlocks(markdown).replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\((?<target>[^()\s]+)\)/g)].map(({ groups }) => groups?.["target"] ?? "");
}

/** The anchors that headings get on GitHub and GitLab. */
export function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(markdown).matchAll(/^#{1,6} (?<text>.+)$/gm)];
  return new Set(
    headings.map(({ groups }) =>
      (groups?.["text"] ?? "")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  );
}

function withoutBlocks(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```/gm, "");
}

/** What stands under a heading, up to the next one, of whatever level. Throws where there is no such heading. */
export function sectionOf(markdown: string, heading: string): string {
  const lines = markdown.split("\n");
  const isHeading = (line: string): boolean => /^#{1,6} /.test(line);
  const start = lines.findIndex((line) => isHeading(line) && line.replace(/^#+ /, "") === heading);
  if (start === -1) throw new Error(`no heading "${heading}"`);
  const rest = lines.slice(start + 1);
  let fenced = false;
  const end = rest.findIndex((line) => {
    if (line.startsWith("```")) fenced = !fenced;
    return !fenced && isHeading(line);
  });
  return rest.slice(0, end === -1 ? rest.length : end).join("\n");
}

import { readFileSync } from "node:fs";

/** Text of a file beside the command that made it. */
export const fixture = (path: string): string =>
  readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");

/** What `talosctl gen secrets` wrote. */
export const SECRETS = fixture("talos/secrets.yaml");

/** A day within the ten years of the fixtures. */
export const NOW = new Date("2027-01-01T00:00:00Z");

/** The text with the value of one field exchanged; the field is named by the line that it stands in, `id: `. */
export function withLine(text: string, start: string, line: string): string {
  const lines = text.split("\n");
  const index = lines.findIndex((each) => each.trimStart().startsWith(start));
  if (index === -1) throw new Error(`no line starts with ${start}`);
  const indent = /^ */.exec(lines[index] ?? "")?.[0] ?? "";
  return lines.with(index, indent + line).join("\n");
}

export const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");

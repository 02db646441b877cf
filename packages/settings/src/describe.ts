import { envNames, flagNames, type Setting, type SettingsTable } from "./setting.ts";

export interface Program {
  /** As it is typed, such as `csr-signer`. */
  readonly program: string;
  /** One sentence. */
  readonly description: string;
}

/** The text that `--help` prints, ending in a newline. */
export function settingsHelp(table: SettingsTable, { program, description }: Program): string {
  const rows = Object.values(table).map(
    (setting) => `  ${usage(setting)}\n      ${plain(setting.doc)}${notes(setting)}\n`,
  );
  return [
    `${description}\n`,
    `Usage: ${program} [flags]\n`,
    "Flags stand over environment variables, those over defaults. One dash or two; --flag=value or --flag value.\n",
    ...rows,
    "  -h, --help\n      Print this text.\n",
    "  --version\n      Print the version.\n",
  ].join("\n");
}

/** The reference page's table in Markdown, one row a setting, ending in a newline. */
export function settingsMarkdown(table: SettingsTable): string {
  const rows = Object.values(table).map((setting) => {
    const cells = [
      flagNames(setting)
        .map((name) => code(`--${name}`))
        .join(", "),
      envNames(setting).map(code).join(", "),
      setting.type,
      setting.default === undefined || setting.default === "" ? "" : code(setting.default),
      setting.doc,
    ];
    return `| ${cells.map(cell).join(" | ")} |\n`;
  });
  return `| Flag | Environment | Type | Default | Meaning |\n| --- | --- | --- | --- | --- |\n${rows.join("")}`;
}

function usage(setting: Setting<unknown>): string {
  const names = flagNames(setting).map((name) => `--${name}`);
  return names.join(", ") + (setting.bare === undefined ? ` <${setting.type}>` : "");
}

function notes(setting: Setting<unknown>): string {
  const env = envNames(setting);
  const parts = [
    ...(env.length > 0 ? [`env ${env.join(", ")}`] : []),
    ...(setting.default ? [`default ${setting.default}`] : []),
  ];
  return parts.length > 0 ? ` (${parts.join("; ")})` : "";
}

/** Markdown's code marks are noise on a terminal. */
function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell, even inside a code span. */
function cell(markdown: string): string {
  return markdown.replaceAll("|", "\\|").replaceAll("\n", " ");
}

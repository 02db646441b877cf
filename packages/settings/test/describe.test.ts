import {
  boolean,
  oneOf,
  port,
  settingsHelp,
  settingsMarkdown,
  text,
  type SettingsTable,
} from "@talos-bridge/settings";
import { expect, test } from "vitest";

const TABLE = {
  port: { env: "PORT", flag: "port", default: "50001", ...port(), doc: "Port of `gRPC`." },
  strict: {
    env: ["STRICT", "MODE"],
    flag: "strict",
    aliases: ["s"],
    default: "false",
    ...boolean(),
    doc: "Strict.",
  },
  format: { flag: "format", default: "json", ...oneOf(["json", "text"]), doc: "Format, `a|b`." },
  token: { env: "TOKEN", flag: "token", ...text("token"), secret: true, doc: "Token." },
} satisfies SettingsTable;

test("help", () => {
  expect(settingsHelp(TABLE, { program: "csr-signer", description: "Signs." })).toBe(`Signs.

Usage: csr-signer [flags]

Flags stand over environment variables, those over defaults. One dash or two; --flag=value or --flag value.

  --port <port>
      Port of gRPC. (env PORT; default 50001)

  --strict, --s
      Strict. (env STRICT, MODE; default false)

  --format <json | text>
      Format, a|b. (default json)

  --token <token>
      Token. (env TOKEN)

  -h, --help
      Print this text.

  --version
      Print the version.
`);
});

test("reference table", () => {
  expect(settingsMarkdown(TABLE)).toBe(`| Flag | Environment | Type | Default | Meaning |
| --- | --- | --- | --- | --- |
| \`--port\` | \`PORT\` | port | \`50001\` | Port of \`gRPC\`. |
| \`--strict\`, \`--s\` | \`STRICT\`, \`MODE\` | boolean | \`false\` | Strict. |
| \`--format\` |  | json \\| text | \`json\` | Format, \`a\\|b\`. |
| \`--token\` | \`TOKEN\` | token |  | Token. |
`);
});

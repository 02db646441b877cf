import { expect, test } from "vitest";
import { file } from "./support/authorities.ts";
import { commandLine, scratchDir } from "./support/command-line.ts";

test.each([
  { name: "a talosconfig", text: "context: a\ncontexts: {}\n", want: "talosconfig" },
  { name: "a talosconfig in JSON", text: '{\n  "contexts": {}\n}\n', want: "talosconfig" },
  { name: "a talosconfig in JSON of one line", text: '{ "contexts": {} }', want: "talosconfig" },
  { name: "a machine config", text: "version: v1alpha1\nmachine: {}\n", want: "machine config" },
  { name: "anything else", text: "cluster: {}\n", want: "secrets bundle" },
  // An expression that looks for a key after any white space takes the cube of the time here.
  { name: "blank lines alone", text: "\n".repeat(200_000), want: "secrets bundle" },
  { name: "blanks alone", text: `${" ".repeat(3_000)}\n`.repeat(300), want: "secrets bundle" },
])("$name is looked at as a $want", async ({ text, want }) => {
  const path = file(scratchDir(), "file.yaml", text);
  const { stdout } = await commandLine(["config", "validate", path, "-o", "json"]);
  expect(stdout).toContain(`"kind": "${want}"`);
});

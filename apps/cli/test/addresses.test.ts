import { expect, test } from "vitest";
import { hostAndPort, hostPort } from "../src/endpoint.ts";
import { commandLine } from "./support/command-line.ts";

test.each([
  { text: "host", want: "host:50001" },
  { text: "host:1", want: "host:1" },
  { text: "10.0.0.1:65535", want: "10.0.0.1:65535" },
  { text: "[::1]", want: "[::1]:50001" },
  { text: "[FD00::1]:8080", want: "[FD00::1]:8080" },
  { text: "münchen.example:1", want: "münchen.example:1" },
])("$text is an address", ({ text, want }) => {
  expect(hostAndPort(hostPort(50_001)(text))).toBe(want);
});

test.each([
  "",
  " ",
  "a b",
  "a,b",
  "a?b:1",
  "a%41:1",
  "::1",
  "[foo]:1",
  "[fe80::1%eth0]:1",
  "999.1.1.1:1",
  "host:0",
  "host:65536",
  "https://host:1",
  "user@host:1",
])("%j is none", async (text) => {
  const argv = ["csr", "test", "--endpoint", text, "--ca", "nofile", "--token-file", "nofile"];
  const { exit, stderr } = await commandLine(argv);
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining("It must be HOST:PORT") });
});

// Everywhere the same: what no node can dial, or would dial otherwise than it reads.
test.each([
  "https://a b:1",
  "https://[foo]:1",
  "https://kms:0",
  "https://",
  "http://kms:8080",
  "htps://kms:8080",
])("a KMS at %j is refused by all who take one", async (url) => {
  for (const argv of [
    ["kms", "roundtrip", "--node-uuid", "x", "--endpoint", url],
    ["config", "kms-patch", "--endpoint", url],
    ["doctor", "--kms", url],
  ]) {
    const { exit, stdout, stderr } = await commandLine(argv);
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
    expect(stderr).toContain("(TB1001,");
  }
});

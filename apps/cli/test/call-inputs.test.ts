import { expect, test } from "vitest";
import { file, makeAuthority } from "./support/authorities.ts";
import { JOIN_TOKEN, makeBundle } from "./support/bundle.ts";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

const os = await makeAuthority();
const bundle = await makeBundle(NOW);

const good = { ca: os.crt, token: `# of the cluster\n${JOIN_TOKEN}\r\n`, more: [] as readonly string[] };

// Nobody listens there: what gets as far as asking ends with TB2001.
test.each([
  { name: "a CA and a token file with a note and CRLF", ...good, want: "TB2001" },
  { name: "a secrets bundle for the CA", ...good, ca: bundle, want: "TB1007" },
  { name: "a key beside the CA", ...good, ca: os.crt + os.key, want: "TB1007" },
  { name: "DER for the CA", ...good, ca: os.der, want: "TB1007" },
  { name: "a token with a control character", ...good, token: "a\u0000b", want: "TB1008" },
  { name: "a token that is not ASCII", ...good, token: "tökens.0123456789abcdef", want: "TB1008" },
  { name: "a token file of notes alone", ...good, token: "# none\n", want: "TB1008" },
  { name: "an address that is none", ...good, more: ["--ip", "here"], want: "TB1001" },
])("csr test: $name", async ({ ca, token, more, want }) => {
  const dir = scratchDir();
  const argv = ["csr", "test", "--endpoint", "127.0.0.1:9", "--ca", file(dir, "ca.crt", ca)];
  const { stderr } = await commandLine([...argv, "--token-file", file(dir, "token", token), ...more]);
  expect(/\((?<id>TB[0-9]+),/.exec(stderr)?.groups?.["id"]).toBe(want);
});

test("kms: a CA file without a certificate is told, not taken for one that trusts nobody", async () => {
  const ca = file(scratchDir(), "ca.crt", "no certificate");
  const argv = ["kms", "roundtrip", "--endpoint", "https://127.0.0.1:9", "--node-uuid", "x", "--ca", ca];
  const { exit, stderr } = await commandLine(argv);
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining(`${ca}: `) });
  expect(stderr).toContain("(TB1007,");
});

test("doctor: a token that can't be sent is a finding", async () => {
  const dir = scratchDir();
  const token = file(dir, "token", "tökens.0123456789abcdef");
  const argv = ["doctor", "--endpoint", "127.0.0.1:9", "--token-file", token];
  const { exit, stdout } = await commandLine(argv);
  expect({ exit, stdout }).toEqual({ exit: 3, stdout: expect.stringContaining("#token-shape") });
});

test("kms seal: what has not the size of a key is sent to nobody", async () => {
  const path = file(scratchDir(), "ca.key", os.key);
  const argv = ["kms", "seal", "--endpoint", "grpc://127.0.0.1:9", "--node-uuid", "x", "--in", path];
  const { exit, stderr } = await commandLine(argv);
  expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining("a key to seal has 32") });
});

import { PROFILES } from "@talos-bridge/pki";
import { expect, test } from "vitest";
import { ADMIN, DAY_MS, file, makeAuthority, makeLeaf, talosconfig } from "./support/authorities.ts";
import { commandLine, NOW, scratchDir } from "./support/command-line.ts";

const os = await makeAuthority();
const inDays = (days: number): Date => new Date(NOW.getTime() + days * DAY_MS);

// A leaf is valid from a minute before NOW for 90 days.
test.each([
  { name: "far from its end", at: 0, argv: [], want: false },
  { name: "a day before the 30 days", at: 59, argv: [], want: false },
  { name: "within the 30 days", at: 61, argv: [], want: true },
  { name: "within a duration of one's own", at: 61, argv: ["--within", "24h"], want: false },
  { name: "expired", at: 100, argv: ["--within", "1s"], want: true },
  { name: "before two thirds", at: 59, argv: ["--fraction", "2/3"], want: false },
  { name: "after two thirds", at: 61, argv: ["--fraction", "2/3"], want: true },
  { name: "after a decimal part", at: 46, argv: ["--fraction", "0.5"], want: true },
])("$name: due $want", async ({ at, argv, want }) => {
  const leaf = await makeLeaf(os, PROFILES.talosNode, { lifetimeMs: 90 * DAY_MS });
  const path = file(scratchDir(), "tls.crt", leaf.crt);
  const { exit, stdout } = await commandLine(["pki", "needs-renewal", path, ...argv, "-o", "json"], {
    now: inDays(at),
  });
  expect(JSON.parse(stdout)).toMatchObject({ kind: "Renewal", due: want, certificates: [{ due: want }] });
  expect(exit).toBe(want ? 3 : 0);
});

test("of many certificates one that is due is enough", async () => {
  const dir = scratchDir();
  const admin = await makeLeaf(os, ADMIN, { names: [] });
  const config = file(dir, "talosconfig", talosconfig(admin, os));
  const { exit, stdout } = await commandLine(["pki", "needs-renewal", config], { now: inDays(350) });
  expect(exit).toBe(3);
  expect(stdout).toMatch(/contexts\.demo\.ca +O=talos .*no\n/);
  expect(stdout).toMatch(/contexts\.demo\.crt +O=os:admin .*yes\n/);
});

test.each([
  ["--fraction", "0"],
  ["--fraction", "3/2"],
  ["--fraction", "1/0"],
  ["--within", "soon"],
])("usage: %s %s exits 1", async (...argv) => {
  expect((await commandLine(["pki", "needs-renewal", "x", ...argv])).exit).toBe(1);
});

test("a certificate that can't be read is an error, not a no; the others are looked at", async () => {
  const dir = scratchDir();
  const odd = file(dir, "odd.crt", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
  const leaf = await makeLeaf(os, PROFILES.talosNode, { lifetimeMs: 90 * DAY_MS });
  const good = file(dir, "good.crt", leaf.crt);
  const { exit, stdout, stderr } = await commandLine(["pki", "needs-renewal", odd, good]);
  expect(exit).toBe(1);
  expect(stderr).toContain("TB1007");
  expect(stdout).toMatch(/good\.crt .* no\n/);
  const later = await commandLine(["pki", "needs-renewal", odd, good], { now: inDays(80) });
  expect(later.exit).toBe(3);
});

test("no certificate at all is an error", async () => {
  const path = file(scratchDir(), "tls.key", os.key);
  const { exit, stderr } = await commandLine(["pki", "needs-renewal", path]);
  expect(exit).toBe(1);
  expect(stderr).toContain("TB1007");
});

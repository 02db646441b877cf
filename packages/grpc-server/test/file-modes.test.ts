import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFileMode } from "@talos-bridge/grpc-server";
import { describe, expect, test } from "vitest";

describe("row 40: modes of key and token files", () => {
  for (const { mode, writable = true, usual, strict } of [
    { mode: 0o600, usual: "fine", strict: "fine" },
    { mode: 0o400, usual: "fine", strict: "fine" },
    { mode: 0o640, usual: "fine", strict: "fine" },
    { mode: 0o440, usual: "fine", strict: "fine" },
    { mode: 0o644, usual: "warn", strict: "refuse" },
    { mode: 0o444, usual: "warn", strict: "refuse" },
    { mode: 0o604, usual: "warn", strict: "refuse" },
    { mode: 0o660, usual: "warn", strict: "refuse" },
    { mode: 0o620, usual: "warn", strict: "refuse" },
    { mode: 0o666, usual: "refuse", strict: "refuse" },
    { mode: 0o602, usual: "refuse", strict: "refuse" },
    { mode: 0o777, usual: "refuse", strict: "refuse" },
    { mode: 0o666, writable: false, usual: "warn", strict: "refuse" },
    { mode: 0o602, writable: false, usual: "warn", strict: "refuse" },
  ]) {
    test(`0${mode.toString(8)}${writable ? "" : " on a read-only mount"}`, async () => {
      const ports = { modeOf: async () => 0o100_000 | mode, writable: async () => writable };
      const verdicts = [
        await checkFileMode("/x", { ...ports, strict: false }),
        await checkFileMode("/x", { ...ports, strict: true }),
      ];
      expect(verdicts.map(({ verdict }) => verdict)).toEqual([usual, strict]);
    });
  }

  for (const { mode, want } of [
    { mode: 0o644, want: "is readable by others (mode 0644)" },
    { mode: 0o664, want: "is writable by its group (mode 0664)" },
    { mode: 0o2006, want: "is writable by others (mode 2006)" },
  ]) {
    test(`reason: ${want}`, async () => {
      const ports = { modeOf: async () => 0o100_000 | mode, writable: async () => true };
      expect(await checkFileMode("/x", { ...ports, strict: false })).toMatchObject({ reason: want });
    });
  }

  test("the file behind the links counts", async () => {
    const folder = await mkdtemp(join(tmpdir(), "file-modes-"));
    try {
      await writeFile(join(folder, "key"), "");
      await symlink("key", join(folder, "link"));
      await symlink("link", join(folder, "link-to-link"));
      const verdicts = [];
      for (const mode of [0o600, 0o644, 0o666]) {
        await chmod(join(folder, "key"), mode);
        verdicts.push((await checkFileMode(join(folder, "link-to-link"), { strict: false })).verdict);
      }
      expect(verdicts).toEqual(["fine", "warn", "refuse"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a file that is not there is for its reader to tell", async () => {
    expect(await checkFileMode("/nowhere/tls.key", { strict: true })).toEqual({ verdict: "fine" });
  });
});

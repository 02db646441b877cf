import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_FILE_BYTES, readFiles, readSmallFile } from "@talos-bridge/grpc-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "read-file-"));
  await writeFile(join(folder, "key"), "abc");
  await writeFile(join(folder, "empty"), "");
  await symlink("key", join(folder, "link"));
  await symlink("nowhere", join(folder, "dangling"));
  await symlink("loop", join(folder, "loop"));
  await mkdir(join(folder, "directory"));
  await writeFile(join(folder, "largest"), "");
  await truncate(join(folder, "largest"), MAX_FILE_BYTES);
  await writeFile(join(folder, "larger"), "");
  await truncate(join(folder, "larger"), MAX_FILE_BYTES + 1);
  execFileSync("sh", ["-c", `mkfifo "$0"`, join(folder, "pipe")]);
});
afterAll(() => rm(folder, { recursive: true }));

describe("readSmallFile", () => {
  for (const { name, want } of [
    { name: "key", want: "abc" },
    { name: "link", want: "abc" },
    { name: "empty", want: "" },
    { name: "absent", want: undefined },
    { name: "dangling", want: undefined },
    { name: "key/below", want: undefined },
  ]) {
    test(`reads ${name}`, async () =>
      expect((await readSmallFile(join(folder, name)))?.toString()).toBe(want));
  }

  test("reads the largest", async () => {
    expect((await readSmallFile(join(folder, "largest")))?.length).toBe(MAX_FILE_BYTES);
  });

  for (const { name, code } of [
    { name: "directory", code: "ERR_GRPC_SERVER_FILE" },
    { name: "pipe", code: "ERR_GRPC_SERVER_FILE" },
    { name: "larger", code: "ERR_GRPC_SERVER_FILE" },
    { name: "loop", code: "ELOOP" },
  ]) {
    test(`refuses ${name}`, async () => {
      await expect(readSmallFile(join(folder, name))).rejects.toMatchObject({ code });
    });
  }

  test("refuses a device", async () => {
    await expect(readSmallFile("/dev/zero")).rejects.toMatchObject({ code: "ERR_GRPC_SERVER_FILE" });
  });
});

test("readFiles: one that cannot be read does not keep the others back", async () => {
  const told: string[] = [];
  const paths = ["key", "absent", "pipe"].map((name) => join(folder, name));
  const contents = await readFiles(paths, (path) => told.push(path));
  expect([...contents].map(([path, bytes]) => [path, bytes?.toString()])).toEqual([
    [paths[0], "abc"],
    [paths[1], undefined],
    [paths[2], undefined],
  ]);
  expect(told).toEqual([paths[2]]);
});

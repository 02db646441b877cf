import { describe, expect, test } from "vitest";
import { createUuidPolicy, type UuidPolicyOptions } from "../src/node-uuid.ts";
import { SHARED_UUIDS } from "../src/weak-uuid.ts";
import { HAS_UUID_LISTS, readUuidList } from "./support/uuid-lists.ts";

const STRICT: UuidPolicyOptions = {
  disableValidation: false,
  mode: "strict",
  allowedVersions: new Set([4]),
  disableEntropyCheck: false,
};
const relaxed = createUuidPolicy({ ...STRICT, mode: "relaxed" });
const disabled = createUuidPolicy({ ...STRICT, disableValidation: true });
const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

if (!HAS_UUID_LISTS) {
  test.skip("other projects' UUID lists: TALOS_BRIDGE_CORPORA names no folder that has them", () =>
    undefined);
} else {
  describe("row 33: other projects' lists, by shape alone", () => {
    for (const file of [
      "smbios_real_and_shared.tsv",
      "gofrs_uuid_tests.tsv",
      "uuidjs_tests.tsv",
      "soulkyu_kms_vault_tests.tsv",
    ]) {
      test(file, () => {
        const rows = readUuidList(file);
        expect(rows.length).toBeGreaterThan(10);
        for (const { value } of rows) {
          for (const policy of [relaxed, disabled]) expect(policy(value).ok, value).toBe(SHAPE.test(value));
        }
      });
    }
  });

  test("row 34: every UUID of real hardware is taken in relaxed mode, the shared ones with a warning", () => {
    for (const { value, expected, note } of readUuidList("smbios_real_and_shared.tsv")) {
      const checked = relaxed(value);
      expect(checked.ok, value).toBe(true);
      const warned = checked.ok && checked.warning !== undefined;
      // Unknown stands for shared, but for the "vendor pattern", which has the board's MAC address in it.
      const shared =
        SHARED_UUIDS.has(value.toLowerCase()) || (expected === "unknown" && note !== "vendor pattern");
      expect(warned, value).toBe(shared);
    }
  });

  test("the Go proxy's own table, but for what it wrongly takes: UUIDs without hyphens", () => {
    for (const { value, expected, note } of readUuidList("soulkyu_kms_vault_tests.tsv")) {
      const policy = createUuidPolicy({
        ...STRICT,
        allowedVersions: note.includes("version check disabled")
          ? new Set([1, 2, 3, 4, 5])
          : STRICT.allowedVersions,
        disableEntropyCheck: note.includes("entropy check disabled"),
      });
      expect(policy(value).ok, `${value} ${note}`).toBe(expected === "valid" && value.includes("-"));
    }
  });

  test("uuidjs's versions and variants", () => {
    const policy = createUuidPolicy({
      ...STRICT,
      allowedVersions: new Set([1, 2, 3, 4, 5, 6, 7, 8]),
      disableEntropyCheck: true,
    });
    for (const { value, expected, note } of readUuidList("uuidjs_tests.tsv")) {
      // The nil and the max UUID have no version and pass there by exception; here `any` lets them in.
      const versioned = !/^(?:NIL|MAX) /.test(note);
      expect(policy(value).ok, value).toBe(expected === "valid" && versioned);
    }
  });
}

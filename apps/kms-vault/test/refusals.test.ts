import { describe, expect, test } from "vitest";
import { SealError, type SealErrorCode } from "../src/seal-error.ts";
import { CIPHERTEXT, createTestService, refusalOf, SECRET, type ServiceOptions } from "./support/service.ts";
import { NODE } from "./support/kms.ts";

const NO_ORACLE = "the data can't be unsealed for this node";

/** What a backend's error is for the caller, in the metric and in the audit. */
const ENDS: readonly {
  readonly row: number;
  readonly error: SealErrorCode;
  readonly code: string;
  readonly text: string;
  readonly reason: string;
}[] = [
  {
    row: 36,
    error: "ERR_KMS_MALFORMED",
    code: "InvalidArgument",
    text: "the data is no ciphertext of this KMS",
    reason: "malformed",
  },
  { row: 37, error: "ERR_KMS_REFUSED", code: "PermissionDenied", text: NO_ORACLE, reason: "refused" },
  {
    row: 35,
    error: "ERR_KMS_UNKNOWN_NODE",
    code: "PermissionDenied",
    text: "the node is not known here",
    reason: "unknown-node",
  },
  {
    row: 38,
    error: "ERR_KMS_FORBIDDEN",
    code: "PermissionDenied",
    text: "the KMS is not allowed to do this for the node",
    reason: "forbidden",
  },
  {
    row: 37,
    error: "ERR_KMS_KEY_UNUSABLE",
    code: "FailedPrecondition",
    text: "the node's key can't be used to seal",
    reason: "key-unusable",
  },
  {
    row: 37,
    error: "ERR_KMS_NOT_UNSEALABLE",
    code: "Internal",
    text: "the sealed key could not be unsealed again",
    reason: "not-unsealable",
  },
  {
    row: 38,
    error: "ERR_KMS_UNAVAILABLE",
    code: "Unavailable",
    text: "the KMS can't be reached now: try again",
    reason: "unavailable",
  },
  { row: 38, error: "ERR_KMS_ABORTED", code: "Canceled", text: "the call was ended", reason: "aborted" },
];

describe("rows 35 to 38: each end of a call has one code, one text, one count and one audit line", () => {
  for (const { row, error, code, text, reason } of ENDS) {
    test(`row ${row}: ${error}`, async () => {
      const fails = (): Promise<never> => Promise.reject(new SealError(error, "what the backend says"));
      const { kms, audit, operations } = createTestService({ backend: { seal: fails, unseal: fails } });
      const request = { nodeUuid: NODE };
      expect(await refusalOf(kms.seal({ ...request, data: SECRET }))).toEqual({ code, text });
      expect(await refusalOf(kms.unseal({ ...request, data: CIPHERTEXT }))).toEqual({ code, text });
      const line = { level: "warn", message: "refused", code, reason, uuid: NODE };
      expect(audit).toEqual(
        ["seal", "unseal"].map((operation) =>
          expect.objectContaining({ ...line, operation, detail: "what the backend says" }),
        ),
      );
      expect(await operations()).toEqual([`seal ${reason} 1`, `unseal ${reason} 1`]);
    });
  }

  test("row 38: what nobody foresaw is internal, counted, audited, and tells the caller nothing", async () => {
    const fails = (): Promise<never> => Promise.reject(new TypeError("the secret is 0x5a"));
    const { kms, audit, operations } = createTestService({ backend: { unseal: fails } });
    const { code, text } = await refusalOf(kms.unseal({ nodeUuid: NODE, data: CIPHERTEXT }));
    expect(code).toBe("Internal");
    expect(text).not.toContain("secret");
    expect(audit).toMatchObject([{ message: "refused", reason: "internal-error", uuid: NODE }]);
    expect(JSON.stringify(audit)).not.toContain("secret");
    expect(await operations()).toEqual(["unseal internal-error 1"]);
  });
});

const UUIDS = {
  hostile: "../../sys/seal?x=\u0007\u001b[2J\r\nlevel=info\u202e", // 36 code units and a few more
  version1: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  madeUp: "00000000-0000-4000-8000-000000000001",
};

interface EarlyRefusal {
  readonly name: string;
  readonly options?: ServiceOptions;
  readonly nodeUuid?: string;
  readonly data?: Uint8Array;
  readonly want: { readonly code: string; readonly text: unknown };
  readonly audit: Readonly<Record<string, unknown>>;
}

const EARLY: readonly EarlyRefusal[] = [
  {
    name: "row 33: a UUID that is none",
    nodeUuid: UUIDS.hostile,
    want: { code: "InvalidArgument", text: "the node UUID is not 8-4-4-4-12 hexadecimal digits" },
    audit: {
      reason: "uuid-shape",
      refusedUuid: {
        length: UUIDS.hostile.length,
        start: "../../sys/seal?x=\\u0007\\u001b[2J\\u000d\\u000alevel=info\\u202e",
      },
    },
  },
  {
    name: "row 34: a version that is not let in",
    nodeUuid: UUIDS.version1,
    want: { code: "InvalidArgument", text: expect.stringContaining("KMS_ALLOW_UUID_VERSIONS") },
    audit: { reason: "uuid-version", refusedUuid: { length: 36, start: UUIDS.version1 } },
  },
  {
    name: "row 34: one that looks made up",
    nodeUuid: UUIDS.madeUp,
    want: { code: "InvalidArgument", text: expect.stringContaining("KMS_DISABLE_ENTROPY_CHECK=true") },
    audit: { reason: "uuid-entropy", refusedUuid: { length: 36, start: UUIDS.madeUp } },
  },
  ...[0, 31, 33, 4096].map((size) => ({
    name: `row 36: a Seal of ${size} bytes`,
    data: Buffer.alloc(size),
    want: { code: "InvalidArgument", text: "Seal takes exactly 32 bytes" },
    audit: { reason: "seal-size", uuid: NODE },
  })),
  {
    name: "row 35: more Seals than the rate",
    options: { sealBurst: 0 },
    want: { code: "ResourceExhausted", text: "too many Seals: try again" },
    audit: { reason: "seal-rate", uuid: NODE },
  },
];

describe("rows 33 to 36: what is refused never reaches the backend", () => {
  test.each(EARLY)("$name", async ({ options = {}, nodeUuid = NODE, data = SECRET, want, audit: wanted }) => {
    let asked = 0;
    const count = async (): Promise<never> => {
      asked += 1;
      throw new Error("asked");
    };
    const { kms, audit, operations } = createTestService({
      ...options,
      backend: { seal: count, unseal: count },
    });
    expect(await refusalOf(kms.seal({ nodeUuid, data }))).toEqual(want);
    expect(audit).toEqual([
      { level: "warn", message: "refused", operation: "seal", peer: "", code: want.code, ...wanted },
    ]);
    expect(await operations()).toEqual([`seal ${String(wanted["reason"])} 1`]);
    expect(asked).toBe(0);
  });

  test("row 33: 10 kB of UUID leave 36 characters in the audit", async () => {
    const { kms, audit } = createTestService();
    await refusalOf(kms.unseal({ nodeUuid: "a".repeat(10_000), data: CIPHERTEXT }));
    expect(audit).toMatchObject([{ refusedUuid: { length: 10_000, start: "a".repeat(36) } }]);
  });

  test("row 39: calls for one node past its limit, whatever its case", async () => {
    const { kms, audit, operations } = createTestService({ perMinutePerUuid: 2 });
    const ask = (nodeUuid: string): Promise<unknown> => kms.unseal({ nodeUuid, data: CIPHERTEXT });
    await ask(NODE);
    await ask(NODE.toUpperCase());
    expect(await refusalOf(ask(NODE))).toEqual({
      code: "ResourceExhausted",
      text: "too many calls for this node",
    });
    expect(audit.at(-1)).toMatchObject({ reason: "uuid-rate" });
    expect(await operations()).toEqual(["unseal ok 2", "unseal uuid-rate 1"]);
  });

  test("row 39: past it the audit shows the UUID in its form, as of any node", async () => {
    const { kms, audit } = createTestService({ perMinutePerUuid: 1, uuidForm: "masked" });
    const ask = (): Promise<unknown> => kms.unseal({ nodeUuid: NODE, data: CIPHERTEXT });
    await ask();
    await refusalOf(ask());
    expect(audit.at(-1)).toMatchObject({ reason: "uuid-rate", uuid: "4d4f5a**-****-****-**1f23" });
    expect(JSON.stringify(audit)).not.toContain(NODE);
  });
});

describe("row 37: an Unseal gives the size that was sealed, or nothing", () => {
  test.each([0, 1, 16, 31, 33, 64, 1000])("row 37: %i bytes from the backend", async (size) => {
    const { kms, audit } = createTestService({
      backend: { unseal: async () => ({ data: Buffer.alloc(size, 0x5a), keyVersion: 1 }) },
    });
    expect(await refusalOf(kms.unseal({ nodeUuid: NODE, data: CIPHERTEXT }))).toEqual({
      code: "FailedPrecondition",
      text: `the unsealed key has ${size} bytes, KMS_SEAL_SIZE is 32`,
    });
    expect(audit).toMatchObject([{ reason: "unseal-size", uuid: NODE }]);
  });
});

describe("row 39: each Seal and Unseal is audited", () => {
  for (const { uuidForm, shown } of [
    { uuidForm: "full", shown: NODE },
    { uuidForm: "masked", shown: "4d4f5a**-****-****-**1f23" },
  ] as const) {
    test(`row 39: with the UUID ${uuidForm}, and never the data`, async () => {
      const { kms, audit } = createTestService({ uuidForm });
      await kms.seal({ nodeUuid: NODE.toUpperCase(), data: SECRET });
      await kms.unseal({ nodeUuid: NODE, data: CIPHERTEXT });
      await refusalOf(kms.seal({ nodeUuid: NODE, data: SECRET.subarray(1) }));
      expect(audit).toEqual([
        { level: "info", message: "sealed", peer: "", uuid: shown, keyVersion: 3 },
        { level: "info", message: "unsealed", peer: "", uuid: shown, keyVersion: 3 },
        {
          level: "warn",
          message: "refused",
          operation: "seal",
          peer: "",
          code: "InvalidArgument",
          reason: "seal-size",
          uuid: shown,
        },
      ]);
    });
  }

  test("row 34: a UUID that many boards share is served with a warning in its line", async () => {
    const { kms, audit } = createTestService({ policy: { mode: "relaxed" } });
    await kms.seal({ nodeUuid: "03000200-0400-0500-0006-000700080009", data: SECRET });
    expect(audit).toMatchObject([
      { message: "sealed", warning: expect.stringContaining("many machines have this UUID") },
    ]);
  });
});

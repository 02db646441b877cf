import { SettingsError } from "@talos-bridge/settings";
import { describe, expect, test } from "vitest";
import {
  createUuidPolicy,
  describeRefusedUuid,
  maskUuid,
  uuidVersions,
  type CheckedUuid,
  type UuidPolicyOptions,
} from "../src/node-uuid.ts";
import { looksMadeUp, SHARED_UUIDS } from "../src/weak-uuid.ts";

const DEFAULTS: UuidPolicyOptions = {
  disableValidation: false,
  mode: "strict",
  allowedVersions: new Set([4]),
  disableEntropyCheck: false,
};
const strict = createUuidPolicy(DEFAULTS);
const relaxed = createUuidPolicy({ ...DEFAULTS, mode: "relaxed" });
const disabled = createUuidPolicy({ ...DEFAULTS, disableValidation: true });
const any = createUuidPolicy({ ...DEFAULTS, allowedVersions: "any" });

const V4 = "550e8400-e29b-41d4-a716-446655440000";
const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What a check came to, in one word. */
function outcome(checked: CheckedUuid): string {
  return checked.ok ? "taken" : checked.reason;
}

const HOSTILE = [
  "",
  ".",
  "..",
  "../../sys/seal",
  "..%2f..%2fsys%2fseal",
  "%2e%2e",
  `${V4}/../x`,
  `../${V4}`,
  `${V4}?list=true`,
  `${V4}#`,
  `${V4}\0`,
  `${V4}\n`,
  `\n${V4}`,
  ` ${V4}`,
  `${V4} `,
  `{${V4}}`,
  `urn:uuid:${V4}`,
  V4.slice(0, 35),
  `${V4}0`,
  V4.replaceAll("-", ""),
  V4.replaceAll("-", "/"),
  V4.replaceAll("-", "."),
  V4.replaceAll("-", "\u2010"),
  V4.replaceAll("-", "\u2212"),
  V4.replace("-", "0"),
  `550e840-0e29b-41d4-a716-446655440000`,
  V4.replace("5", "\uff15"), // a full-width digit
  V4.replace("5", "\u0665"), // an Arabic digit
  V4.replace("e", "\u0435"), // a Cyrillic letter
  V4.replace("5", "\u212a"), // the Kelvin sign, whose lower case is ASCII
  V4.replace("5", "g"),
  V4.replace("55", "\u{1d7d3}"), // one digit in two units, so the length is right
  V4.replace("5", "\ud800"),
  V4.replace("0", "\r"),
  `${V4.slice(0, 18)}\r\n${V4.slice(20)}`,
  "/".repeat(36),
  "-".repeat(36),
  " ".repeat(36),
  "\u0000".repeat(36),
  "a".repeat(10_000),
  `${V4}${"a".repeat(10_000)}`,
  "__proto__",
];

describe("row 33: nothing but 8-4-4-4-12 hexadecimal digits passes, whatever is switched off", () => {
  for (const typed of HOSTILE) {
    test(JSON.stringify(typed.slice(0, 50)), () => {
      for (const policy of [strict, relaxed, disabled, any])
        expect(outcome(policy(typed))).toBe("uuid-shape");
    });
  }

  test("each single character in the place of each, over the first 512 and some far ones", () => {
    const characters = [
      ...Array.from({ length: 512 }, (_, code) => code),
      0x2010,
      0x212a,
      0xff10,
      0xff21,
      0xfeff,
      0xd800,
    ];
    for (let at = 0; at < V4.length; at++) {
      for (const code of characters) {
        const character = String.fromCharCode(code);
        const typed = V4.slice(0, at) + character + V4.slice(at + 1);
        const checked = disabled(typed);
        const allowed = V4[at] === "-" ? character === "-" : /^[0-9A-Fa-f]$/.test(character);
        expect(checked.ok, `${at}: ${code}`).toBe(allowed);
        if (checked.ok) expect(checked.uuid).toMatch(SHAPE);
      }
    }
  });

  test("what passes is lower case; what was typed is kept where it differs", () => {
    expect(strict(V4)).toEqual({ ok: true, uuid: V4, typed: undefined, warning: undefined });
    const upper = V4.toUpperCase();
    expect(strict(upper)).toEqual({ ok: true, uuid: V4, typed: upper, warning: undefined });
  });

  test("no refusal repeats what was typed", () => {
    for (const typed of [
      "s3cret",
      "00000000-0000-1000-8000-00005ec2e700",
      "00000000-0000-4000-8000-00005ec2e700",
    ]) {
      const checked = strict(typed);
      expect(checked.ok ? "taken" : checked.message).not.toMatch(/s3cret|5ec2e7|taken/);
    }
  });
});

/** From siderolabs/go-smbios's recorded machines and SMBIOS forms that vendors use; all sent by real boards. */
const REAL_BOARDS = [
  "00000000-0000-0000-0000-d05099faa835",
  "4c4c4544-0039-3010-8048-b7c04f384432",
  "b26849ef-4fb0-4e03-a9d1-1a165a40c8d7",
  "00000000-0000-0000-0000-002590eb9628",
  "47513848-0036-3000-48fe-003048fec30c",
  "03D40274-0435-05DC-8506-010700080009",
  "4C4C4544-0042-3510-8052-B3C04F4B4E32",
];

describe("row 34: relaxed mode takes real boards and warns of UUIDs that are shared", () => {
  for (const board of REAL_BOARDS) {
    test(board, () =>
      expect(relaxed(board)).toMatchObject({ ok: true, uuid: board.toLowerCase(), warning: undefined }),
    );
  }

  for (const shared of SHARED_UUIDS) {
    test(`${shared} is taken with a warning`, () => {
      for (const typed of [shared, shared.toUpperCase()]) {
        expect(relaxed(typed)).toMatchObject({
          ok: true,
          uuid: shared,
          warning: expect.stringContaining("many machines"),
        });
      }
      expect(disabled(shared)).toMatchObject({ ok: true, warning: expect.stringContaining("many machines") });
    });
  }
});

describe("row 34: the strict default refuses and names the settings that let a board in", () => {
  for (const { name, typed, want, names } of [
    { name: "a MAC address", typed: REAL_BOARDS[0], want: "uuid-version", names: "KMS_ALLOW_UUID_VERSIONS" },
    { name: "a service tag", typed: REAL_BOARDS[1], want: "uuid-version", names: "KMS_ALLOW_UUID_VERSIONS" },
    {
      name: "the vendor default",
      typed: "03000200-0400-0500-0006-000700080009",
      want: "uuid-version",
      names: "KMS_ALLOW_UUID_VERSIONS",
    },
    {
      name: "version 1",
      typed: "550e8400-e29b-11d4-a716-446655440000",
      want: "uuid-version",
      names: "KMS_ALLOW_UUID_VERSIONS",
    },
    {
      name: "version 7",
      typed: "019abc12-7def-7abc-9def-0123a5b6c7d8",
      want: "uuid-version",
      names: "KMS_ALLOW_UUID_VERSIONS",
    },
    {
      name: "another variant",
      typed: "550e8400-e29b-41d4-1716-446655440000",
      want: "uuid-version",
      names: "KMS_ALLOW_UUID_VERSIONS",
    },
    {
      name: "Microsoft's variant",
      typed: "550e8400-e29b-41d4-c716-446655440000",
      want: "uuid-version",
      names: "KMS_ALLOW_UUID_VERSIONS",
    },
    {
      name: "zeros in version 4",
      typed: "00000000-0000-4000-8000-000000000000",
      want: "uuid-entropy",
      names: "KMS_DISABLE_ENTROPY_CHECK",
    },
  ]) {
    test(name, () => {
      const checked = strict(typed ?? "");
      expect(checked).toMatchObject({ ok: false, reason: want });
      const message = checked.ok ? "" : checked.message;
      expect(message).toContain(names);
      expect(message).toContain("KMS_UUID_VALIDATION_MODE=relaxed");
      expect(relaxed(typed ?? "").ok).toBe(true);
    });
  }

  test("the message says which versions are let in", () => {
    const policy = createUuidPolicy({ ...DEFAULTS, allowedVersions: uuidVersions().parse("v7,v1-v2") });
    expect(policy(V4)).toMatchObject({ message: expect.stringContaining("is not v1 or v2 or v7:") });
  });
});

describe("versions", () => {
  for (const { text, want } of [
    { text: "any", want: "any" },
    { text: "v4", want: new Set([4]) },
    { text: "v1-v5", want: new Set([1, 2, 3, 4, 5]) },
    { text: "v1, v4-v7", want: new Set([1, 4, 5, 6, 7]) },
    { text: "v4,v4", want: new Set([4]) },
    { text: "v8-v8", want: new Set([8]) },
  ]) {
    test(JSON.stringify(text), () => expect(uuidVersions().parse(text)).toEqual(want));
  }

  for (const text of [
    "",
    " ",
    "ANY",
    "4",
    "V4",
    "v0",
    "v9",
    "v10",
    "v5-v1",
    "v1-5",
    "v1-",
    "v4;v5",
    "v4,",
    "any,v4",
    "v1–v5",
  ]) {
    test(`${JSON.stringify(text)} is a fault`, () => {
      expect(() => uuidVersions().parse(text)).toThrow(SettingsError);
    });
  }

  test("each version is let in by its own number alone, in each variant of RFC 9562", () => {
    for (let version = 0; version < 16; version++) {
      for (const variant of "0123456789abcdef") {
        const uuid = `550e8400-e29b-${version.toString(16)}1d4-${variant}716-446655440000`;
        for (let allowed = 1; allowed <= 8; allowed++) {
          const policy = createUuidPolicy({ ...DEFAULTS, allowedVersions: new Set([allowed]) });
          const want = version === allowed && "89ab".includes(variant) ? "taken" : "uuid-version";
          expect(outcome(policy(uuid)), `v${allowed}: ${uuid}`).toBe(want);
        }
        expect(outcome(any(uuid))).toBe("taken");
      }
    }
  });
});

describe("row 34: UUIDs that look made up", () => {
  for (const uuid of [
    "00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-d05099faa835",
    "ffffffff-ffff-4fff-bfff-ffffffffffff",
    "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "11111111-2222-4333-8444-555555555555",
    "12345678-1234-4234-8234-123456789012",
    "12345678-1234-4123-8123-123456789abc",
    "01234567-89ab-4def-8123-456789abcdef",
    "fedcba98-7654-4210-8edc-ba9876543210",
    "00010203-0405-4607-8809-0a0b0c0d0e0f",
    "0f0e0d0c-0b0a-4908-8706-050403020100",
    "01020304-0506-4708-890a-0b0c0d0e0f10",
    "12341234-1234-4234-9234-123412341234",
    "1a2b3c4d-1a2b-4c4d-9a2b-3c4d1a2b3c4d",
    "deadbeef-dead-4eef-8ead-beefdeadbeef",
    "01010101-0202-4303-8404-050505050505",
    ...SHARED_UUIDS,
  ]) {
    test(uuid, () => {
      expect(looksMadeUp(uuid)).toBe(true);
      expect(outcome(any(uuid))).toBe("uuid-entropy");
      const unchecked = createUuidPolicy({ ...DEFAULTS, allowedVersions: "any", disableEntropyCheck: true });
      expect(outcome(unchecked(uuid))).toBe("taken");
    });
  }

  for (const uuid of [
    V4,
    "b26849ef-4fb0-4e03-a9d1-1a165a40c8d7",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "12345678-9f01-4e5d-a1cc-5678b0c7d2e3", // five digits that rise: the Go proxy refuses it
    "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
  ]) {
    test(`${uuid} does not`, () => expect(outcome(strict(uuid))).toBe("taken"));
  }

  const HEX = Array.from({ length: 65_536 }, (_, word) => word.toString(16).padStart(4, "0"));

  test.each(Array.from({ length: 10 }, (_, part) => part + 1))(
    "none of 10^6 random version 4 UUIDs does: tenth %i",
    (part) => {
      let state = Math.imul(part, 0x2545f491);
      const refused: string[] = [];
      for (let run = 0; run < 100_000; run++) {
        const version = `4${quad().slice(1)}`;
        const variant = `${"89ab"[run & 3]}${quad().slice(1)}`;
        const uuid = `${quad()}${quad()}-${quad()}-${version}-${variant}-${quad()}${quad()}${quad()}`;
        if (!strict(uuid).ok) refused.push(uuid);
      }
      expect(refused).toEqual([]);

      /** Four digits, the same on each run (xorshift32), so that a failure can be looked at. */
      function quad(): string {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return HEX[(state >>> 8) & 0xffff] ?? "";
      }
    },
  );
});

test("the masked form is the Go proxy's", () => {
  const checked = strict("550E8400-E29B-41D4-A716-446655440000");
  expect(checked.ok && maskUuid(checked.uuid)).toBe("550e84**-****-****-**0000");
});

describe("what the log shows of a refused UUID", () => {
  for (const { name, typed, want } of [
    { name: "nothing", typed: "", want: { length: 0, start: "" } },
    { name: "plain", typed: "abc/../d", want: { length: 8, start: "abc/../d" } },
    {
      name: "control characters",
      typed: "a\n\u001b[2J\0",
      want: { length: 7, start: "a\\u000a\\u001b[2J\\u0000" },
    },
    { name: "quotes and backslashes", typed: '"\\n', want: { length: 3, start: '\\"\\\\n' } },
    {
      name: "not ASCII",
      typed: "\u202eé\u{1f511}",
      want: { length: 4, start: "\\u202e\\u00e9\\ud83d\\udd11" },
    },
    { name: "10 kB", typed: "x".repeat(10_240), want: { length: 10_240, start: "x".repeat(36) } },
  ]) {
    test(name, () => expect(describeRefusedUuid(typed)).toEqual(want));
  }
});

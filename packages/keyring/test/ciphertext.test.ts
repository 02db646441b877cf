import { createCipheriv } from "node:crypto";
import { KeyringError, MAX_DATA_BYTES, openKeyring } from "@talos-bridge/keyring";
import { describe, expect, test } from "vitest";
import { VolatileFiles } from "./support/volatile-files.ts";

const PATH = "/keys/keyring.json";
const NODE = "4c4c4544-0039-3010-8048-b7c04f384432";
const OTHER = "4c4c4544-0039-3010-8048-b7c04f384433";
const DATA = Buffer.from("0123456789abcdef0123456789abcdef");

/** Bytes that count up, so that a key is known to the test. */
let counter = 0;
const counting = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => counter++ % 256);
const keyring = await openKeyring(PATH, { create: true, files: new VolatileFiles(), randomBytes: counting });
const sealed = keyring.seal(NODE, DATA);
const [, body = ""] = /^tbk:v1:1:(.*)$/.exec(sealed) ?? [];

function codeOf(act: () => unknown): string {
  try {
    act();
    return "no error";
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    expect(error.message).not.toMatch(/[0-9a-f]{8}|[A-Za-z0-9+/]{16}/);
    expect(error.cause).toBeUndefined();
    return `${error.code}: ${error.message}`;
  }
}

describe("what is sealed", () => {
  for (const { name, data } of [
    { name: "a disk key", data: DATA },
    { name: "nothing", data: Buffer.alloc(0) },
    { name: "one byte", data: Buffer.from([0]) },
    { name: "as much as is allowed", data: Buffer.alloc(MAX_DATA_BYTES, 7) },
  ]) {
    test(`${name} comes back`, () => expect(keyring.unseal(NODE, keyring.seal(NODE, data))).toEqual(data));
  }

  test("has the form that is promised, made again with node:crypto alone", () => {
    const bytes = Buffer.from(body, "base64");
    expect(bytes.length).toBe(12 + 32 + 16);
    // The random bytes in order: 8 for the writer's id, 32 for the key, 12 for the nonce.
    const key = Uint8Array.from({ length: 32 }, (_, index) => 8 + index);
    const cipher = createCipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(Buffer.from(NODE));
    const again = Buffer.concat([cipher.update(DATA), cipher.final(), cipher.getAuthTag()]);
    expect(bytes.subarray(0, 12)).toEqual(Buffer.from(Uint8Array.from({ length: 12 }, (_, i) => 40 + i)));
    expect(bytes.subarray(12)).toEqual(again);
  });

  test("is different each time", () => expect(keyring.seal(NODE, DATA)).not.toBe(keyring.seal(NODE, DATA)));

  test("belongs to the node however its UUID is typed", () => {
    expect(keyring.unseal(NODE.toUpperCase(), sealed)).toEqual(DATA);
    expect(keyring.unseal(NODE, keyring.seal(NODE.toUpperCase(), DATA))).toEqual(DATA);
  });
});

describe("row 37: one answer for another node, an unknown key, a cut or changed ciphertext", () => {
  const first = codeOf(() => keyring.unseal(OTHER, sealed));
  for (const { name, uuid = NODE, text } of [
    { name: "another node", uuid: OTHER, text: sealed },
    { name: "the nil node", uuid: "00000000-0000-0000-0000-000000000000", text: sealed },
    { name: "a key that is not there", text: `tbk:v1:2:${body}` },
    { name: "the largest key version", text: `tbk:v1:999999999:${body}` },
    { name: "no body", text: "tbk:v1:1:" },
    { name: "a body below nonce and tag", text: `tbk:v1:1:${Buffer.alloc(27).toString("base64")}` },
    { name: "a body of nonce and tag", text: `tbk:v1:1:${Buffer.alloc(28).toString("base64")}` },
    { name: "the last character cut", text: sealed.slice(0, -1) },
    { name: "the last four characters cut", text: sealed.slice(0, -4) },
    { name: "the first characters cut", text: `tbk:v1:1:${body.slice(4)}` },
    { name: "a character more", text: `${sealed}A` },
    { name: "a line break behind", text: `${sealed}\n` },
    { name: "a space inside", text: sealed.replace(body, ` ${body}`) },
    { name: "base64 of URLs", text: `tbk:v1:1:${"_-".repeat(40)}` },
    { name: "not ASCII", text: `tbk:v1:1:\ud83d${body}` },
    { name: "padding of another length", text: `tbk:v1:1:${body}====` },
    { name: "too long", text: `tbk:v1:1:${"A".repeat(200_000)}` },
  ]) {
    test(name, () => expect(codeOf(() => keyring.unseal(uuid, text))).toBe(first));
  }

  test("each flipped bit of the bytes", () => {
    expect(first).toMatch(/^ERR_KEYRING_REFUSED: /);
    const bytes = Buffer.from(body, "base64");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => keyring.unseal(NODE, `tbk:v1:1:${flipped.toString("base64")}`))).toBe(first);
    }
  });

  test("stray bits behind the last byte", () => {
    const text = keyring.seal(NODE, Buffer.alloc(33)); // 61 bytes: base64 ends in ==, with four bits unused
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const last = text.at(-3) ?? "";
    const stray = `${text.slice(0, -3)}${alphabet[alphabet.indexOf(last) + 1]}==`;
    expect(Buffer.from(stray.slice(9), "base64")).toEqual(Buffer.from(text.slice(9), "base64"));
    expect(codeOf(() => keyring.unseal(NODE, stray))).toBe(first);
  });
});

describe("row 36: texts of another kind are told apart", () => {
  for (const text of [
    "",
    body,
    `vault:v1:${body}`,
    `tbk:v2:1:${body}`,
    `tbk:v1:0:${body}`,
    `tbk:v1:01:${body}`,
    `tbk:v1:-1:${body}`,
    `tbk:v1:1e1:${body}`,
    `tbk:v1:1234567890:${body}`,
    `tbk:v1:${body}`,
    `TBK:v1:1:${body}`,
    ` tbk:v1:1:${body}`,
    `tbk:v1:1`,
  ]) {
    test(JSON.stringify(text.slice(0, 20)), () => {
      expect(codeOf(() => keyring.unseal(NODE, text))).toMatch(/^ERR_KEYRING_MALFORMED: /);
    });
  }
});

describe("row 33: what is no UUID neither seals nor unseals", () => {
  for (const uuid of [
    "",
    "..",
    NODE.replaceAll("-", ""),
    `${NODE}\n`,
    ` ${NODE}`,
    `{${NODE}}`,
    NODE.replace("4", "\uff14"),
  ]) {
    test(JSON.stringify(uuid), () => {
      expect(codeOf(() => keyring.seal(uuid, DATA))).toMatch(/^ERR_KEYRING_UUID: /);
      expect(codeOf(() => keyring.unseal(uuid, sealed))).toMatch(/^ERR_KEYRING_UUID: /);
    });
  }
});

test("more data than is allowed", () => {
  expect(codeOf(() => keyring.seal(NODE, Buffer.alloc(MAX_DATA_BYTES + 1)))).toMatch(/^ERR_KEYRING_SIZE: /);
});

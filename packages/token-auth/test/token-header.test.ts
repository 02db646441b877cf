import { readTokenHeader } from "@talos-bridge/token-auth";
import { describe, expect, test } from "vitest";

describe("row 21: exactly one token value", () => {
  for (const { name, headers, want } of [
    { name: "one", headers: [":path", "/x", "token", "a.b"], want: { ok: true, token: "a.b" } },
    {
      name: "first of the list",
      headers: ["token", "a.b", "te", "trailers"],
      want: { ok: true, token: "a.b" },
    },
    { name: "name in capitals", headers: ["Token", "a.b"], want: { ok: true, token: "a.b" } },
    {
      name: "a comma is part of the value",
      headers: ["token", "good, bad"],
      want: { ok: true, token: "good, bad" },
    },
    { name: "no header at all", headers: [], want: { ok: false, reason: "missing" } },
    {
      name: "other headers only",
      headers: ["x-token", "a", "token-bin", "b"],
      want: { ok: false, reason: "missing" },
    },
    { name: "token as a value", headers: ["authorization", "token"], want: { ok: false, reason: "missing" } },
    {
      name: "a name without a value",
      headers: [":path", "/x", "token"],
      want: { ok: false, reason: "missing" },
    },
    { name: "empty", headers: ["token", ""], want: { ok: false, reason: "empty" } },
    { name: "blank", headers: ["token", " \t"], want: { ok: false, reason: "empty" } },
    {
      name: "good, then bad",
      headers: ["token", "good", "token", "bad"],
      want: { ok: false, reason: "several" },
    },
    {
      name: "the same twice",
      headers: ["token", "a", "te", "trailers", "token", "a"],
      want: { ok: false, reason: "several" },
    },
    {
      name: "empty, then good",
      headers: ["token", "", "token", "good"],
      want: { ok: false, reason: "several" },
    },
    {
      name: "good, then empty",
      headers: ["token", "good", "token", ""],
      want: { ok: false, reason: "several" },
    },
    {
      name: "in two spellings",
      headers: ["token", "good", "TOKEN", "good"],
      want: { ok: false, reason: "several" },
    },
  ]) {
    test(name, () => expect(readTokenHeader(headers)).toEqual(want));
  }
});

import { beforeAll, expect, test } from "vitest";
import { signedSerials } from "../src/rotation/audit-trail.ts";
import { writeState } from "../src/rotation/rotate.ts";
import { decodeState, encodeState, type RotationState } from "../src/rotation/state.ts";
import { makeAuthority, NODES, SIGNER, START } from "./support/simulated-cluster.ts";

let state: RotationState;
beforeAll(async () => {
  const [old, next] = await Promise.all([makeAuthority(), makeAuthority()]);
  state = {
    stage: "accept",
    startedAt: START.toISOString(),
    stageSince: START.toISOString(),
    nodes: [...NODES],
    signers: [SIGNER],
    context: "demo",
    oldCertificate: old.pair.certificate,
    newCa: next.pair,
    clients: { old: old.pair, new: next.pair },
    patched: [{ node: NODES[0], stage: "accept", by: "talosctl", done: false, at: START.toISOString() }],
  };
});

test("what was written is read again", () => {
  expect(decodeState(encodeState(state))).toEqual(state);
});

const SECRET = "canary-canary-canary";

test.each([
  { name: "no JSON", edit: () => `{"key": "${SECRET}"` },
  { name: "no object", edit: () => "[]" },
  { name: "something else", edit: () => `{"format": "${SECRET}"}` },
  { name: "a newer version", edit: (text: string) => text.replace('"version": 1', '"version": 2') },
  { name: "a field too many", edit: (text: string) => text.replace('"stage"', `"${SECRET}": 1, "stage"`) },
  { name: "a field too few", edit: (text: string) => text.replace(/ {2}"context": "demo",\n/, "") },
  {
    name: "a stage that is none",
    edit: (text: string) => text.replace('"stage": "accept"', `"stage": "${SECRET}"`),
  },
  {
    name: "a time that is none",
    edit: (text: string) => text.replace(/"startedAt": "[^"]+"/, `"startedAt": "${SECRET}"`),
  },
  { name: "a host without a port", edit: (text: string) => text.replace(SIGNER, "10.5.0.1") },
  { name: "a host twice", edit: (text: string) => text.replaceAll(NODES[1], NODES[0]) },
  {
    name: "a key cut short",
    edit: (text: string) => text.replace(/(?<="key": "-----BEGIN [^\\]+\\n).{20}/, SECRET),
  },
  {
    name: "a certificate that is none",
    edit: (text: string) => text.replace(/"oldCertificate": "[^"]+"/, `"oldCertificate": "${SECRET}"`),
  },
])("refuses $name, and says nothing of what is in it", ({ edit }) => {
  const text = edit(encodeState(state));
  expect(text).not.toBe(encodeState(state));
  const read = (): unknown => decodeState(text);
  expect(read).toThrow(expect.objectContaining({ id: "TB1101" }));
  expect(read).not.toThrow(SECRET);
});

test.each([
  { name: "a line of a signed certificate", log: '{"msg":"signed","serial":"0A1b"}', want: ["0a1b"] },
  {
    name: "other lines",
    log: '{"msg":"refused","serial":"0a"}\nmsg=signed serial=0b\n{"msg":"signed"}',
    want: [],
  },
  {
    name: "a line cut at either end",
    log: 'erial":"0a"}\n{"msg":"signed","serial":"0b"}\n{"msg":"sig',
    want: ["0b"],
  },
])("audit: $name", ({ log, want }) => {
  expect([...signedSerials(log)]).toEqual(want);
});

test.each([
  { name: "without nodes", change: { nodes: [] } },
  { name: "without a context", change: { context: "" } },
])("a state $name, which could not be read again, is not written", async ({ change }) => {
  const written: string[] = [];
  const files = { read: async () => undefined, write: async (path: string) => void written.push(path) };
  await expect(writeState({ files }, { ...state, ...change })).rejects.toMatchObject({ id: "TB1101" });
  expect(written).toEqual([]);
});

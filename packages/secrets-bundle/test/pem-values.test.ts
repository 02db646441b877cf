import { pemValues } from "@talos-bridge/secrets-bundle";
import { expect, test } from "vitest";
import { codeOf } from "./support/errors.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
const BASE64 = Buffer.from(PEM).toString("base64");

test.each<{ name: string; text: string; want: readonly string[] }>([
  {
    name: "base64, as Talos has it",
    text: `certs:\n  os:\n    crt: ${BASE64}\n    key: ""\n`,
    want: ["certs.os.crt"],
  },
  {
    name: "base64 over several lines",
    text: `crt: |\n  ${BASE64.slice(0, 40)}\n  ${BASE64.slice(40)}\n`,
    want: ["crt"],
  },
  { name: "PEM itself", text: `a:\n  b: |\n${PEM.replaceAll(/^/gm, "    ")}\n`, want: ["a.b"] },
  {
    name: "lists",
    text: `acceptedCAs:\n  - crt: ${BASE64}\n  - crt: ${BASE64}\n`,
    want: ["acceptedCAs[0].crt", "acceptedCAs[1].crt"],
  },
  { name: "JSON", text: JSON.stringify({ data: { "tls.crt": BASE64 } }), want: ["data.tls.crt"] },
  {
    name: "several documents",
    text: `a: ${BASE64}\n---\nkind: Extra\nb: ${BASE64}\n`,
    want: ["a", "Extra: b"],
  },
  { name: "an alias, once", text: `a: &x ${BASE64}\nb: *x\n`, want: ["a"] },
  {
    name: "other base64",
    text: `a: ${Buffer.from("hello, this is no certificate").toString("base64")}\n`,
    want: [],
  },
  { name: "base64 that was cut", text: `a: ${BASE64.slice(0, -3)}\n`, want: [] },
  { name: "a text alone", text: BASE64, want: [""] },
])("finds $name", ({ text, want }) => {
  const values = pemValues(text);
  expect(values.map(({ path }) => path)).toEqual(want);
  for (const { pem } of values) expect(pem.trim()).toBe(PEM.trim());
});

test.each([
  { name: "SOPS", text: "a: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n", want: "ERR_BUNDLE_ENCRYPTED" },
  { name: "what is no YAML", text: "a: [", want: "ERR_BUNDLE_YAML" },
])("refuses $name", ({ text, want }) => {
  expect(codeOf(() => pemValues(text))).toBe(want);
});

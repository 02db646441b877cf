import {
  encodeSecretsBundle,
  lintSecretsBundle,
  readSecretsBundle,
  replaceAuthority,
  secretsBundleFromKubernetesPki,
  setField,
  type SecretsBundle,
} from "@talos-bridge/secrets-bundle";
import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Case, Material } from "./material.ts";

const pki = resolve(import.meta.dirname, "../../../packages/secrets-bundle/test/fixtures/kubernetes-pki");

/** Secrets bundles, each side reading, checking and making what the other writes. */
export function bundleCases({
  talos,
  save,
  clock,
  later,
  ours,
  oursPath,
  theirs,
  theirsText,
  theirsPath,
}: Material): readonly Case[] {
  return [
    [
      "a new bundle is loaded, validated and written again by Talos as it is",
      async () =>
        strictEqual(await talos.ask({ do: "validate-bundle", path: oursPath }), encodeSecretsBundle(ours)),
    ],
    [
      "a new bundle is like Talos's own in every field",
      async () => {
        const described = await talos.ask({ do: "describe-bundle", path: oursPath });
        deepStrictEqual(described, await talos.ask({ do: "describe-bundle", path: theirsPath }));
      },
    ],
    [
      "Talos's own bundle is read, found no fault with and written again as it is",
      async () => {
        deepStrictEqual(lintSecretsBundle(theirsText, later), []);
        strictEqual(encodeSecretsBundle(theirs), theirsText);
      },
    ],
    [
      "a bundle of before Talos 1.3 too, with its other encryption secret",
      async () => {
        const text = await talos.text({ do: "new-bundle", contract: "1.2" });
        strictEqual(encodeSecretsBundle(readSecretsBundle(text)), text);
        strictEqual(text.includes("aescbc"), true);
      },
    ],
    [
      "a Kubernetes PKI folder gives the bundle that Talos makes of it",
      async () => {
        const bootstrapToken = "abcdef.0123456789abcdef";
        const made = await secretsBundleFromKubernetesPki({
          ...clock,
          bootstrapToken,
          readFile: async (path) => readFileSync(join(pki, path)),
        });
        const text = await talos.text({
          do: "bundle-from-pki",
          path: pki,
          other: bootstrapToken,
          contract: "1.13",
        });
        const kept = ({ certs, secrets }: SecretsBundle): unknown => [
          certs.k8s,
          certs.etcd,
          certs.k8sAggregator,
          certs.k8sServiceAccount,
          secrets.bootstrapToken,
        ];
        deepStrictEqual(kept(made), kept(readSecretsBundle(text)));
        await talos.ask({ do: "validate-bundle", path: save(encodeSecretsBundle(made)) });
      },
    ],
    [
      "edited bundles are loaded by Talos",
      async () => {
        const text = replaceAuthority(
          setField(`# mine\n${theirsText}`, "trustdinfo.token", "123456.0123456789012345"),
          "os",
          ours.certs.os,
        );
        const bundle = {
          ...theirs,
          trustdInfo: { token: "123456.0123456789012345" },
          certs: { ...theirs.certs, os: ours.certs.os },
        };
        strictEqual(
          await talos.ask({ do: "validate-bundle", path: save(text) }),
          encodeSecretsBundle(bundle),
        );
      },
    ],
    [
      "a value that is hard to write is read by Talos as it was set",
      async () => {
        const ends = Array.from(" \t\n\u007f\u0085\u00a0\u2028\u3000\ufeff\u{1ffff}'\"\\#:,}");
        for (const value of ["no", "1e3", "a: b #c", "schl\u00fcssel", ...ends.map((end) => `!a${end}`)]) {
          for (const text of [
            theirsText,
            theirsText.replace(/(?<=trustdinfo:)\s+(?<pair>.*)/, " {$<pair>}"),
          ]) {
            const path = save(setField(text, "trustdinfo.token", value));
            strictEqual(await talos.ask({ do: "read-token", path }), value);
          }
        }
      },
    ],
    [
      "what Talos reads behind a line break that others take for a part of a comment is refused",
      async () => {
        for (const end of ["\r", "\u0085", "\u2028", "\u2029"]) {
          const text = theirsText.replace(/(?<=trustdinfo:)\s+token: .*/, ` # none${end}    token: hidden`);
          strictEqual(await talos.ask({ do: "read-token", path: save(text) }), "hidden");
          throws(() => readSecretsBundle(text), { code: "ERR_BUNDLE_ENCODING" });
        }
      },
    ],
  ];
}

import { valuesOf, type SecretsBundle } from "./bundle.ts";
import { FIELDS } from "./fields.ts";
import { encodePemField } from "./read-fields.ts";
import { encodeYaml, type YamlValue } from "./yaml-write.ts";

interface Branch {
  [key: string]: string | Branch;
}

/** Writes a bundle as `talosctl gen secrets` does, byte for byte: its spelling, its order, base64 of PEM. It is all secrets: 0600. */
export function encodeSecretsBundle(bundle: SecretsBundle): string {
  const values = valuesOf(bundle);
  const root: Branch = {};
  for (const { path, kind } of FIELDS) {
    const value = values.get(path);
    if (value === undefined) continue;
    const steps = path.split(".");
    const last = steps.pop() ?? path;
    let branch = root;
    for (const step of steps) {
      const next = branch[step];
      branch = typeof next === "object" ? next : (branch[step] = {});
    }
    branch[last] = kind === "certificate" || kind === "key" ? encodePemField(value) : value;
  }
  const written: YamlValue = root;
  return encodeYaml(written);
}

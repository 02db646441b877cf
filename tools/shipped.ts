import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** How an app's image runs its bundle: what is measured and attacked runs as what is shipped. */
export interface Shipped {
  /** Node's flags. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Reads flags and environment out of an app's Dockerfile. Throws where it does not hold them in the form expected. */
export function shippedRuntime(app: string): Shipped {
  const file = join(resolve(import.meta.dirname, ".."), "apps", app, "Dockerfile");
  const text = readFileSync(file, "utf8").replaceAll(/\\\n\s*/g, "");
  const entrypoint: unknown = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? "[]");
  const env = /^ENV (.*)$/m
    .exec(text)?.[1]
    ?.split(/\s+/)
    .map((pair) => pair.split("="));
  if (!Array.isArray(entrypoint) || env === undefined)
    throw new Error(`${file} has no ENTRYPOINT or ENV to read`);
  const flags = entrypoint.filter(
    (word): word is string => typeof word === "string" && word.startsWith("--"),
  );
  return { flags, env: Object.fromEntries(env.map(([name = "", value = ""]) => [name, value])) };
}

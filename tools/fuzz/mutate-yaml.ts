import { mutatePem } from "./mutate-pem.ts";
import { mutateBytes } from "./mutate-request.ts";
import type { Random } from "./random.ts";

type Mutation = (random: Random, text: string) => string;

/** A value at the end of a line, behind its key. */
const VALUE = /(?<=^ *(?:- )?[a-zA-Z0-9]+: )\S.*$/gm;
const KEY = /(?<=^ *(?:- )?)[a-zA-Z0-9]+(?=:)/gm;

/** What stands in a value's or a key's place by mistake or malice. */
const FORMS: readonly string[] = [
  "",
  "null",
  "1e3",
  "[]",
  "{}",
  "[a, b",
  "{a: b, a: c}",
  "&a a",
  "*a",
  "!!binary AAAA",
  "!a!b c",
  "|\n a",
  ">-9",
  '"\\q"',
  '"\\ud800"',
  "'",
  "@",
  "REDACTED",
  "ENC[AES256_GCM,data:AAAA,type:str]",
  "__proto__",
  "<<",
  "\t",
  "\u2028",
  "AAAA",
  "[".repeat(40),
  "a".repeat(5_000),
];

const MUTATIONS: readonly Mutation[] = [
  (random, text) => exchange(random, text, VALUE, () => random.pick(FORMS)),
  (random, text) => exchange(random, text, VALUE, () => oneOf(random, text, VALUE)),
  (random, text) => exchange(random, text, VALUE, (value) => pemIn(random, value)),
  (random, text) => exchange(random, text, VALUE, (value) => value.slice(0, random.int(value.length))),
  (random, text) =>
    exchange(random, text, VALUE, (value) => `${random.pick(["'", '"', "|", "&a ", "!a "])}${value}`),
  (random, text) => exchange(random, text, KEY, () => random.pick(FORMS)),
  (random, text) => exchange(random, text, KEY, () => oneOf(random, text, KEY)),
  (random, text) => exchange(random, text, KEY, (key) => key.toUpperCase()),
  (random, text) => exchange(random, text, /^.*\n/gm, () => ""),
  (random, text) => exchange(random, text, /^.*\n/gm, (line) => line + line),
  (random, text) => exchange(random, text, /^.*\n/gm, (line) => " ".repeat(random.int(6)) + line.trimStart()),
  (random, text) =>
    exchange(random, text, /^.*\n/gm, () =>
      random.pick(["---\n", "...\n", "%YAML 1.1\n", "#\n", "sops: {}\n"]),
    ),
  (random, text) => text.slice(0, random.int(text.length)),
  (_, text) => `\ufeff${text}`,
  (_, text) => text.replaceAll("\n", "\r\n"),
  (random, text) => `${text}${random.pick(["---\n", "a", "\0", text, "{".repeat(100)])}`,
  (random, text) => new TextDecoder("latin1").decode(mutateBytes(random, new TextEncoder().encode(text))),
];

/** Changed YAML, a few places of it; now and then none. */
export function mutateYaml(random: Random, text: string): string {
  let out = text;
  for (let count = random.int(4); count > 0 && out !== ""; count--) out = random.pick(MUTATIONS)(random, out);
  return out;
}

/** One of the places that a pattern finds, with something else in it. */
function exchange(random: Random, text: string, places: RegExp, put: (old: string) => string): string {
  const found = [...text.matchAll(places)];
  if (found.length === 0) return text;
  const { 0: old, index } = random.pick(found);
  return text.slice(0, index) + put(old) + text.slice(index + old.length);
}

function oneOf(random: Random, text: string, places: RegExp): string {
  return random.pick([...text.matchAll(places)])[0];
}

/** A value of base64 with other PEM in it; other base64 where it holds none. */
function pemIn(random: Random, value: string): string {
  const text = Buffer.from(value, "base64").toString("latin1");
  return Buffer.from(mutatePem(random, text), "latin1").toString("base64");
}

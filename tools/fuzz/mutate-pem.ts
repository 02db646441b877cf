import { mutateBytes } from "./mutate-request.ts";
import type { Random } from "./random.ts";

const LABELS = [
  "CERTIFICATE REQUEST",
  "NEW CERTIFICATE REQUEST",
  "CERTIFICATE",
  "PRIVATE KEY",
  "ED25519 PRIVATE KEY",
  "RSA PRIVATE KEY",
  "X",
  "",
];

type Mutation = (random: Random, text: string) => string;

const MUTATIONS: readonly Mutation[] = [
  (random, text) => text.replace(/BEGIN [^-]*/, `BEGIN ${random.pick(LABELS)}`),
  (random, text) => text.replaceAll(/(BEGIN|END) [^-]*/g, `$1 ${random.pick(LABELS)}`),
  (_, text) => text.replaceAll("\n", "\r\n"),
  (_, text) => `\u{feff}${text}`,
  (random, text) => `${" \n\t".repeat(random.int(4))}${text}${"\n ".repeat(random.int(4))}`,
  (random, text) => `${text}${random.pick(["junk", text, "\0", "-----BEGIN X-----\n", "-----END X-----\n"])}`,
  (random, text) => `${random.pick(["junk\n", "Proc-Type: 4,ENCRYPTED\n", "-----BEGIN "])}${text}`,
  (random, text) =>
    text.replace("-----\n", `-----\n${random.pick(["Proc-Type: 4,ENCRYPTED\n\n", "a:b\n", "=\n", " \n"])}`),
  (random, text) => text.slice(0, random.int(text.length)),
  (_, text) => text.replaceAll("\n", ""),
  (random, text) => text.replaceAll("=", random.pick(["", "==", "A"])),
  (random, text) => "-----BEGIN CERTIFICATE REQUEST-----\n".repeat(random.int(2000)) + text,
  (random, text) => new TextDecoder("latin1").decode(mutateBytes(random, new TextEncoder().encode(text))),
];

/** Changed PEM text. */
export function mutatePem(random: Random, text: string): string {
  let out = text;
  for (let count = 1 + random.int(2); count > 0 && out !== ""; count--)
    out = random.pick(MUTATIONS)(random, out);
  return out;
}

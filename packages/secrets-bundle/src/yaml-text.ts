import {
  Composer,
  Lexer,
  LineCounter,
  Parser,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  visit,
  type CST,
  type Document,
  type Node,
  type YAMLMap,
} from "yaml";
import { SecretsBundleError } from "./errors.ts";
import { MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_PARTS } from "./limits.ts";

/** Parsed YAML beside its text, without a byte order mark: node ranges are offsets into `text`. */
export interface YamlText {
  readonly text: string;
  readonly documents: readonly YamlDocument[];
}

export type YamlDocument = Document.Parsed;

/**
 * Parses YAML strictly. Scalars stay the text they are (`1e3` is no number, `no` no boolean), as Talos's fields are text.
 *
 * Throws {@link SecretsBundleError} with line and column and never a piece of the text: ERR_BUNDLE_TOO_LARGE,
 * ERR_BUNDLE_ENCODING, ERR_BUNDLE_YAML, ERR_BUNDLE_DUPLICATE_KEY.
 */
export function parseYaml(input: string | Uint8Array): YamlText {
  const text = decodeText(input);
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const tokens = tokenize(text, lines);
  const composer = new Composer({
    schema: "failsafe",
    // Checked below: the library compares every key with every other.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents: YamlDocument[] = [];
  for (const document of composer.compose(tokens)) documents.push(document);
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      // The message quotes the text, so it ends here.
      throw new SecretsBundleError("ERR_BUNDLE_YAML", `${at(error.pos[0])}: not valid YAML (${error.code})`);
    }
    checkNodes(document, at);
  }
  return { text, documents: documents.filter(({ contents }) => !isNothing(contents)) };
}

/** The one document of a text. Throws ERR_BUNDLE_DOCUMENTS where there is none, or more than one. */
export function parseSingleYaml(input: string | Uint8Array): {
  readonly text: string;
  readonly document: YamlDocument;
} {
  const { text, documents } = parseYaml(input);
  const [document] = documents;
  if (document === undefined || documents.length > 1) {
    throw new SecretsBundleError(
      "ERR_BUNDLE_DOCUMENTS",
      document === undefined ? "is empty" : `has ${documents.length} YAML documents, not one`,
    );
  }
  return { text, document };
}

function decodeText(input: string | Uint8Array): string {
  const size = typeof input === "string" ? Buffer.byteLength(input) : input.byteLength;
  if (size > MAX_BYTES)
    throw new SecretsBundleError("ERR_BUNDLE_TOO_LARGE", `${size} bytes, at most ${MAX_BYTES} are read`);
  let text;
  try {
    // Fatal, and a byte order mark goes; a string may have one too.
    text =
      typeof input === "string"
        ? input.replace(/^\ufeff/, "")
        : new TextDecoder("utf-8", { fatal: true }).decode(input);
  } catch {
    throw new SecretsBundleError("ERR_BUNDLE_ENCODING", "is not UTF-8 text");
  }
  // What YAML 1.2 §5.1 leaves out; a lone surrogate has no UTF-8 form.
  if (/[^\P{Cc}\t\n\r\u0085]|[\ufeff\ufffe\uffff]/u.test(text) || !text.isWellFormed())
    throw new SecretsBundleError("ERR_BUNDLE_ENCODING", "has characters that are no text");
  // Talos's reader ends a line there, the one used here does not: behind a comment it would see what nobody else does.
  const odd = text.search(/\r(?!\n)|[\u0085\u2028\u2029]/);
  if (odd !== -1) {
    const line = text.slice(0, odd).split("\n").length;
    throw new SecretsBundleError(
      "ERR_BUNDLE_ENCODING",
      `line ${line}: a line break that readers do not agree on`,
    );
  }
  return text;
}

/** Tokens of the text, of which no document is nested too deep for the recursion that follows. */
function tokenize(text: string, lines: LineCounter): readonly CST.Token[] {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let parts = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++parts > MAX_PARTS)
      throw new SecretsBundleError("ERR_BUNDLE_TOO_LARGE", `more than ${MAX_PARTS} parts`);
    for (const token of parser.next(lexeme)) tokens.push(token);
  }
  for (const token of parser.end()) tokens.push(token);

  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH)
      throw new SecretsBundleError("ERR_BUNDLE_TOO_LARGE", `nested deeper than ${MAX_DEPTH}`);
    if (token.type === "document" && token.value !== undefined) open.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const { key, value } of token.items) {
      if (key !== undefined && key !== null) open.push({ token: key, depth: depth + 1 });
      if (value !== undefined) open.push({ token: value, depth: depth + 1 });
    }
  }
  return tokens;
}

function checkNodes(document: YamlDocument, at: (offset: number) => string): void {
  let aliases = 0;
  visit(document, {
    Alias: (_, alias) => {
      if (++aliases > MAX_ALIASES)
        throw new SecretsBundleError("ERR_BUNDLE_TOO_LARGE", `more than ${MAX_ALIASES} aliases`);
      if (alias.resolve(document) === undefined)
        throw new SecretsBundleError(
          "ERR_BUNDLE_YAML",
          `${at(offsetOf(alias))}: an alias without its anchor`,
        );
    },
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value !== "string")
          throw new SecretsBundleError("ERR_BUNDLE_YAML", `${at(offsetOf(map))}: a key that is no text`);
        if (key.value === "<<")
          throw new SecretsBundleError("ERR_BUNDLE_YAML", `${at(offsetOf(key))}: merge keys are not read`);
        if (seen.has(key.value))
          throw new SecretsBundleError("ERR_BUNDLE_DUPLICATE_KEY", `${at(offsetOf(key))}: a key twice`);
        seen.add(key.value);
      }
    },
  });
}

const offsetOf = (node: Node): number => node.range?.[0] ?? 0;

/** A node that stands for nothing: absent, empty, or a plain null of YAML's core schema. */
export function isNothing(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  return (
    isScalar(node) &&
    node.type === "PLAIN" &&
    node.tag === undefined &&
    /^(?:|~|null|Null|NULL)$/.test(String(node.value))
  );
}

/** The node at a path of keys and indices below `from`, aliases followed; undefined where there is none, or nothing in it. */
export function nodeAt(
  document: YamlDocument,
  path: readonly (string | number)[],
  from: unknown = document.contents,
): Node | undefined {
  let node: unknown = resolved(document, from);
  for (const step of path) {
    const next: unknown = isMap(node)
      ? pairOf(node, String(step))?.value
      : isSeq(node)
        ? node.items[Number(step)]
        : undefined;
    node = resolved(document, next);
  }
  return nodeOf(node);
}

/** Whether a node is text; a tag such as `!!binary` makes something else of it. */
export function isText(node: unknown): node is { readonly value: string } {
  return (
    isScalar(node) &&
    typeof node.value === "string" &&
    (node.tag === undefined || node.tag === "tag:yaml.org,2002:str")
  );
}

/** A node that has something in it; undefined for nothing. */
export function nodeOf(node: unknown): Node | undefined {
  return isNothing(node) || !(isCollection(node) || isScalar(node)) ? undefined : node;
}

/** The pair of a mapping with this very key. */
export function pairOf(map: YAMLMap, key: string): YAMLMap["items"][number] | undefined {
  return map.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key);
}

/** The keys of the mapping at a path, in order; none where it is no mapping. */
export function keysAt(document: YamlDocument, path: readonly string[]): readonly string[] {
  const node = nodeAt(document, path);
  return isMap(node) ? node.items.map(({ key }) => (isScalar(key) ? String(key.value) : "")) : [];
}

/** How many items the sequence at a path has; 0 where it is none. */
export function lengthAt(document: YamlDocument, path: readonly (string | number)[]): number {
  const node = nodeAt(document, path);
  return isSeq(node) ? node.items.length : 0;
}

function resolved(document: YamlDocument, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

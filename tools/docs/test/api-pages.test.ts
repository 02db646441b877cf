import { expect, test } from "vitest";
import { declarationOf, exportedNames } from "../api-pages.ts";

const SOURCE = `import { x } from "./x.ts";

/** Not exported. */
const hidden = 1;

/**
 * Adds.
 *
 * @returns the sum
 * @throws TypeError see {@link Sum}
 */
export async function add(
  a: number,
  { b }: { readonly b: number },
): Promise<Sum> {
  return { value: a + b };
}

/** What it gives. */
export interface Sum {
  /** It. */
  readonly value: number;
}

export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: string };

/** Rows. */
export const TABLE = { a: 1 } as const;
`;

test.each([
  {
    name: "add",
    doc: "Adds.\n\n\n*returns* the sum\n\n*throws* TypeError see `Sum`",
    declaration: "async function add(\n  a: number,\n  { b }: { readonly b: number },\n): Promise<Sum>",
  },
  {
    name: "Sum",
    doc: "What it gives.",
    declaration: "interface Sum {\n  /** It. */\n  readonly value: number;\n}",
  },
  {
    name: "Verdict",
    doc: "",
    declaration:
      "type Verdict =\n  | { readonly ok: true }\n  | { readonly ok: false; readonly why: string };",
  },
  { name: "TABLE", doc: "Rows.", declaration: "const TABLE;" },
])("the contract and the declaration of $name", ({ name, doc, declaration }) => {
  expect(declarationOf(SOURCE, name)).toEqual({ doc, declaration });
});

test("a name without a declaration is no empty section", () => {
  expect(() => declarationOf(SOURCE, "hidden")).toThrow("no declaration of hidden");
});

test("names of an index, types among them", () => {
  const index = `export { b, type A } from "./a.ts";\nexport type {\n  C,\n} from "./c.ts";\n`;
  expect(exportedNames(index)).toEqual([
    { name: "A", file: "a.ts" },
    { name: "C", file: "c.ts" },
    { name: "b", file: "a.ts" },
  ]);
});

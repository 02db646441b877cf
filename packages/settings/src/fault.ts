/** One thing wrong with arguments, environment or a file that they name. Never a secret's text, never a file's content. */
export interface Fault {
  /** The name as it was given: `--port` or `PORT`; `argument 3` for what is no flag. */
  readonly setting: string;
  readonly file?: string;
  /** Lower-case, to be read after the name. */
  readonly fault: string;
}

/** A value, or every fault that stands in its way. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly Fault[] };

export function checked<T>(value: T): Checked<T> {
  return { ok: true, value };
}

export function faulty(...faults: readonly Fault[]): Checked<never> {
  return { ok: false, faults };
}

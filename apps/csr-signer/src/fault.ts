/** One thing wrong with the configuration: which setting and file, and what about it. Never content. */
export interface Fault {
  readonly setting: string;
  readonly file?: string;
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

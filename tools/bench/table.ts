/** A figure that must hold: its median at most the bar. */
export interface Row {
  readonly name: string;
  readonly values: readonly number[];
  readonly unit: "×" | "MiB" | "";
  readonly bar: number;
  readonly goal: number;
}

export const HEADING = `${"".padEnd(54)}${"median [from–to]".padEnd(26)}${"bar".padStart(6)}${"goal".padStart(6)}`;

/** Those that do not hold. */
export function missedOf(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ values, bar }) => !(median(values) <= bar));
}

export function lineOf({ name, values, unit, bar, goal }: Row): string {
  const digits = unit === "×" ? 2 : 0;
  const verdict = median(values) <= goal ? "goal met" : median(values) <= bar ? "holds" : "MISSED";
  const measured = `${spread(values, digits)} ${unit}`;
  return `${name.padEnd(54)}${measured.padEnd(26)}${String(bar).padStart(6)}${String(goal).padStart(6)}  ${verdict}`;
}

/** The median, and the range where there are several. */
export function spread(values: readonly number[], digits: number): string {
  const text = (value: number): string => value.toFixed(digits);
  const range = values.length > 1 ? ` [${text(Math.min(...values))}–${text(Math.max(...values))}]` : "";
  return `${text(median(values))}${range}`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

import { HEADING, lineOf, missedOf, spread, type Row } from "../bench/table.ts";
import type { LoadFigures, RoundFigures } from "./round.ts";
import type { StartFigures } from "./start-time.ts";

/** All that a run has measured. */
export interface Measured {
  readonly rounds: readonly RoundFigures[];
  readonly starts: readonly StartFigures[];
}

/** The figures that must hold. Ratios are taken within a round: the machine's speed drifts from one to the next. */
function rowsOf({ rounds, starts }: Measured): readonly Row[] {
  const ratio = (of: (round: RoundFigures) => number): readonly number[] => rounds.map(of);
  return [
    {
      name: "CPU, Unseal on kept connections / bare handshake",
      values: ratio(({ kept, handshakes }) => kept.cpuMs / handshakes.cpuMs),
      unit: "×",
      bar: 0.9,
      goal: 0.45,
    },
    {
      name: "CPU, new connection + Unseal / bare handshake",
      values: ratio(({ storm, handshakes }) => storm.cpuMs / handshakes.cpuMs),
      unit: "×",
      bar: 3,
      goal: 2.6,
    },
    {
      name: "p50 of one at a time, added to a direct call's",
      values: ratio(({ single, singleDirect }) => single.medianMs / singleDirect.medianMs - 1),
      unit: "×",
      bar: 2,
      // The Go proxy: 0.37 ms on 0.34.
      goal: 1.1,
    },
    {
      name: "OpenBao's CPU, through kms-vault / called directly",
      values: ratio(({ kept, direct }) => kept.baoCpuMs / direct.baoCpuMs),
      unit: "×",
      bar: 1.1,
      goal: 1,
    },
    {
      name: "peak RSS, calls on 20 kept connections",
      values: ratio(({ kept }) => kept.peakRssMib),
      unit: "MiB",
      bar: 120,
      goal: 100,
    },
    {
      name: "peak RSS, storm of new connections",
      values: ratio(({ storm }) => storm.peakRssMib),
      unit: "MiB",
      bar: 120,
      goal: 100,
    },
    {
      name: "peak RSS, 500 kept connections",
      values: ratio(({ held }) => held.peakRssMib),
      unit: "MiB",
      bar: 120,
      goal: 100,
    },
    {
      name: "start to first unsealed key / node -e 0",
      values: starts.map(({ kmsMs, nodeMs }) => kmsMs / nodeMs),
      unit: "×",
      bar: 7,
      goal: 7,
    },
    {
      name: "handshakes and calls that failed",
      values: [rounds.flatMap(loadsOf).reduce((sum, { failed }) => sum + failed, 0)],
      unit: "",
      bar: 0,
      goal: 0,
    },
  ];
}

function loadsOf(round: RoundFigures): readonly LoadFigures[] {
  return Object.values(round);
}

/** The table, and whether every bar holds. */
export function report(measured: Measured): { readonly text: string; readonly held: boolean } {
  const { rounds, starts } = measured;
  const rows = rowsOf(measured);
  const missed = missedOf(rows);
  const of = (pick: (round: RoundFigures) => number, digits = 2): string => spread(rounds.map(pick), digits);
  const failures = rounds.flatMap(loadsOf).flatMap(({ firstFailure }) => firstFailure ?? []);
  const lines = [
    HEADING,
    ...rows.map(lineOf),
    "",
    "CPU for one, ms:",
    `  bare node:tls handshake            ${of(({ handshakes }) => handshakes.cpuMs)}`,
    `  new connection + Unseal            ${of(({ storm }) => storm.cpuMs)}, OpenBao's ${of(({ storm }) => storm.baoCpuMs)}`,
    `  Unseal on 20 kept connections      ${of(({ kept }) => kept.cpuMs)}, OpenBao's ${of(({ kept }) => kept.baoCpuMs)}`,
    `  direct, at the same rate           OpenBao's ${of(({ direct }) => direct.baoCpuMs)}`,
    `  one at a time                      ${of(({ single }) => single.cpuMs)}, OpenBao's ${of(({ single }) => single.baoCpuMs)}; direct, OpenBao's ${of(({ singleDirect }) => singleDirect.baoCpuMs)}`,
    "A second:",
    `  new connection + Unseal            ${of(({ storm }) => storm.done / storm.seconds, 0)}`,
    `  Unseal on 20 kept connections      ${of(({ kept }) => kept.done / kept.seconds, 0)}`,
    "Further figures:",
    `  p50 of one at a time, ms           ${of(({ single }) => single.medianMs)}; direct ${of(({ singleDirect }) => singleDirect.medianMs)}`,
    `  start to first unsealed key, ms    ${spread(
      starts.map(({ kmsMs }) => kmsMs),
      0,
    )}; node -e 0 ${spread(
      starts.map(({ nodeMs }) => nodeMs),
      0,
    )}`,
    ...failures.slice(0, 3).map((failure) => `A failure: ${failure}`),
    "",
    missed.length === 0 ? "All bars hold." : `Missed: ${missed.map(({ name }) => name).join("; ")}.`,
  ];
  return { text: lines.join("\n"), held: missed.length === 0 };
}

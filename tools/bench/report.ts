import type { StepCost } from "./in-process.ts";
import type { LoadFigures, RoundFigures } from "./round.ts";
import type { StartFigures } from "./start-time.ts";
import { HEADING, lineOf, median, missedOf, spread, type Row } from "./table.ts";

/** All that a run has measured. */
export interface Measured {
  readonly rounds: readonly RoundFigures[];
  readonly starts: readonly StartFigures[];
  readonly steps: readonly StepCost[];
}

/** The figures that must hold. Ratios are taken within a round: the machine's speed drifts from one to the next. */
function rowsOf({ rounds, starts }: Measured): readonly Row[] {
  return [
    {
      name: "CPU, new connection + certificate / bare handshake",
      values: rounds.map(({ storm, handshakes }) => storm.cpuMs / handshakes.cpuMs),
      unit: "×",
      bar: 3,
      goal: 2.6,
    },
    {
      name: "CPU, certificate on kept connections / bare handshake",
      values: rounds.map(({ kept, handshakes }) => kept.cpuMs / handshakes.cpuMs),
      unit: "×",
      bar: 0.8,
      goal: 0.6,
    },
    {
      name: "peak RSS, storm of new connections",
      values: rounds.map(({ storm }) => storm.peakRssMib),
      unit: "MiB",
      bar: 120,
      goal: 100,
    },
    {
      name: "peak RSS, 500 kept connections",
      values: rounds.map(({ held }) => held.peakRssMib),
      unit: "MiB",
      bar: 120,
      goal: 100,
    },
    {
      name: "start to first certificate / node -e 0",
      values: starts.map(({ signerMs, nodeMs }) => signerMs / nodeMs),
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

function loadsOf({ handshakes, storm, kept, held }: RoundFigures): readonly LoadFigures[] {
  return [handshakes, storm, kept, held];
}

/** The table, and whether every bar holds. */
export function report(measured: Measured): { readonly text: string; readonly held: boolean } {
  const { rounds, starts, steps } = measured;
  const rows = rowsOf(measured);
  const missed = missedOf(rows);
  const cpu = (pick: (round: RoundFigures) => LoadFigures): string =>
    `${spread(
      rounds.map((round) => pick(round).cpuMs),
      2,
    )} ms`;
  const speed = (pick: (round: RoundFigures) => LoadFigures): string =>
    `${median(rounds.map((round) => pick(round).perSecond)).toFixed(0)} a second`;
  const failures = rounds.flatMap(loadsOf).flatMap(({ firstFailure }) => firstFailure ?? []);
  const lines = [
    HEADING,
    ...rows.map(lineOf),
    "",
    "Server CPU for one, and the client's rate beside it:",
    `  bare node:tls handshake            ${cpu((round) => round.handshakes)}, ${speed((round) => round.handshakes)}`,
    `  new connection + certificate       ${cpu((round) => round.storm)}, ${speed((round) => round.storm)}`,
    `  certificate on 20 kept connections ${cpu((round) => round.kept)}, ${speed((round) => round.kept)}`,
    "Further figures:",
    `  peak RSS, calls on 20 connections  ${spread(
      rounds.map(({ kept }) => kept.peakRssMib),
      0,
    )} MiB`,
    `  peak RSS, bare node:tls            ${spread(
      rounds.map(({ handshakes }) => handshakes.peakRssMib),
      0,
    )} MiB`,
    `  start to first certificate         ${spread(
      starts.map(({ signerMs }) => signerMs),
      0,
    )} ms`,
    `  node -e 0                          ${spread(
      starts.map(({ nodeMs }) => nodeMs),
      0,
    )} ms`,
    "In process, warm, CPU for one:",
    ...steps.map(({ step, cpuUs }) => `  ${step.padEnd(34)} ${cpuUs.toFixed(1)} µs`),
    ...failures.slice(0, 3).map((failure) => `A failure: ${failure}`),
    "",
    missed.length === 0 ? "All bars hold." : `Missed: ${missed.map(({ name }) => name).join("; ")}.`,
  ];
  return { text: lines.join("\n"), held: missed.length === 0 };
}

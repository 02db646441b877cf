import {
  BUILD,
  loadSettings,
  settingsHelp,
  type Checked,
  type Fault,
  type SettingSource,
  type SettingsTable,
  type SettingsValues,
} from "@talos-bridge/settings";
import { createLog, type Log, type LogOptions } from "./log.ts";

/** Everything outside the process that a program is told of and tells to. */
export interface ProgramWorld {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  /** First signal: stop gracefully. */
  readonly stop: AbortSignal;
  /** Second signal: stop at once. */
  readonly stopNow: AbortSignal;
}

/** A program that serves. */
export interface Running {
  /** Ends it; `now` cuts it short. Settles when all is closed. */
  stop(now: AbortSignal): Promise<void>;
}

export interface Program<Table extends SettingsTable, Started extends Running> {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly description: string;
  readonly settings: Table;
  readonly log: (values: SettingsValues<Table>) => Pick<LogOptions, "level" | "format">;
  readonly start: (loaded: LoadedProgram<Table>) => Promise<Checked<Started>>;
  /** Faults of names that are not in `settings`, to be told beside those that are; `start` finds them too. */
  readonly otherFaults?: (env: ProgramWorld["env"]) => readonly Fault[];
  /** Told once calls are taken. */
  readonly onListening?: ((started: Started) => void) | undefined;
}

export interface LoadedProgram<Table extends SettingsTable> {
  readonly values: SettingsValues<Table>;
  readonly sources: Readonly<Record<keyof Table, SettingSource>>;
  readonly log: Log;
}

/** Runs a program until it is told to stop. The exit code: 0 after a graceful end, 1 for faults, all told at once. */
export async function runProgram<Table extends SettingsTable, Started extends Running>(
  program: Program<Table, Started>,
  world: ProgramWorld,
): Promise<number> {
  const { name, description, settings: table, onListening } = program;
  const settings = loadSettings(table, { argv: world.argv, env: world.env });
  switch (settings.kind) {
    case "help":
      world.write(settingsHelp(table, { program: name, description }));
      return 0;
    case "version":
      world.write(`${name} ${BUILD.version}\n`);
      return 0;
    case "faults":
      return tellFaults(createLog({ level: "info", format: "json", write: world.write }), [
        ...settings.faults,
        ...(program.otherFaults?.(world.env) ?? []),
      ]);
    case "values":
  }
  const log = createLog({ ...program.log(settings.values), write: world.write });
  for (const warning of settings.warnings) log.warn(warning);
  const started = await program.start({ values: settings.values, sources: settings.sources, log });
  if (!started.ok) return tellFaults(log, started.faults);
  onListening?.(started.value);
  await aborted(world.stop);
  await started.value.stop(world.stopNow);
  return 0;
}

/** The world of this process: SIGTERM and SIGINT stop it, the second at once. Sets the exit code when `main` is done. */
export function runInProcess(main: (world: ProgramWorld) => Promise<number>): void {
  const stop = new AbortController();
  const stopNow = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => (stop.signal.aborted ? stopNow : stop).abort());
  }
  // A reader of the log that goes away must not end the server.
  process.stdout.on("error", () => undefined);
  void main({
    argv: process.argv.slice(2),
    env: process.env,
    write: (text) => void process.stdout.write(text),
    stop: stop.signal,
    stopNow: stopNow.signal,
  }).then((code) => {
    process.exitCode = code;
  });
}

function tellFaults(log: Log, faults: readonly Fault[]): number {
  for (const fault of faults) log.error("configuration fault", { ...fault });
  log.error(`not started: ${faults.length} configuration ${faults.length === 1 ? "fault" : "faults"}`);
  return 1;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

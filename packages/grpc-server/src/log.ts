import { describeError } from "./describe-error.ts";
import { escapeInvisible, toLogfmt } from "./log-line.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "json" | "text";

/** Values of a line beside its message: text, numbers, booleans, lists, plain objects, errors. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line each. Text from outside belongs into fields, not into the message; both are escaped. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every line has these fields too. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  /** Least level that is written. */
  readonly level: LogLevel;
  /** `json`: an object a line. `text`: `key=value` pairs as Go's slog writes them, without colours. */
  readonly format: LogFormat;
  /** Takes whole lines, each ending in a newline. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970; the system's clock if not given. */
  readonly now?: () => number;
}

/**
 * Makes the log of a process. A line has `time` (RFC 3339, UTC, milliseconds), `level` as text, the fields and `msg`.
 * Control characters, line and paragraph separators and direction marks come out as `\u....` in both formats, so that
 * nothing that a peer sends ends a line, hides part of one or moves a terminal's cursor. An error in a field becomes
 * its name, code, message, stack and causes, and none of its other properties.
 */
export function createLog({ level, format, write, now = Date.now }: LogOptions): Log {
  const render = format === "json" ? (line: string) => line : toLogfmt;
  const least = LEVELS.indexOf(level);

  function make(base: LogFields): Log {
    const at =
      (each: LogLevel) =>
      (msg: string, fields: LogFields = {}): void => {
        if (LEVELS.indexOf(each) < least) return;
        const line = safeFields({ level: each, time: new Date(now()).toISOString(), ...base }, fields);
        line["msg"] = msg;
        write(`${escapeInvisible(render(encode(line)))}\n`);
      };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      with: (fields) => make(safeFields(base, fields)),
    };
  }
  return make({});
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One line of JSON. A field that it can't hold, such as a circle, costs that field and not the line. */
function encode(line: LogFields): string {
  try {
    return JSON.stringify(line);
  } catch {
    const held = Object.entries(line).map(([key, value]) => [
      key,
      canHold(value) ? value : "can't be written",
    ]);
    return JSON.stringify(Object.fromEntries(held));
  }
}

function canHold(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

const OWN_KEYS = new Set(["time", "level", "msg", "__proto__"]);

/** Adds fields, none of which may stand in for the line's own keys: in JSON the last of two equal keys wins. */
function safeFields(base: LogFields, fields: LogFields): Record<string, unknown> {
  const safe: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(fields)) {
    safe[OWN_KEYS.has(key) ? `${key}_` : key] = value instanceof Error ? describeError(value) : value;
  }
  return safe;
}

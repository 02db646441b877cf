import { parseDuration, SettingsError } from "@talos-bridge/settings";
import { InvalidArgumentError } from "commander";

/** A duration above zero, such as `30s` or `1h30m`, in milliseconds. */
export function milliseconds(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
  }
  throw new InvalidArgumentError("It must be a duration above zero, such as 30s or 1h.");
}

/** The same in whole seconds, one at least. */
export function seconds(text: string): number {
  return Math.max(1, Math.floor(milliseconds(text) / 1_000));
}

/** Values between commas. They take the place of a default: roles that nobody named must not be granted. */
export function list(text: string): readonly string[] {
  return text
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** The same of one value at least: an empty variable of a script must not mean that nobody is asked. */
export function someOf(text: string): readonly string[] {
  const values = list(text);
  if (values.length > 0) return values;
  throw new InvalidArgumentError("It must name one at least.");
}

/** A path in Vault: segments of plain characters. */
export function vaultPath(text: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a path of letters, digits, _, . and -.");
}

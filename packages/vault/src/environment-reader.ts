import { VAULT_ENVIRONMENT } from "./environment-names.ts";

/** One thing wrong: the name as it stands in the environment, and a text to be read after it. Never a value. */
export interface VaultFault {
  readonly setting: string;
  readonly fault: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads names and collects faults. */
export interface EnvironmentReader {
  /** The value, or undefined where it is empty or not there. */
  text(name: string): string | undefined;
  /** The value as the parser makes it; a fault where it makes none. */
  value<T>(name: string, parse: (text: string) => T | undefined, fault: string): T | undefined;
  /** As the name stands in the environment: BAO_NAME where that is there, else VAULT_NAME. */
  label(name: string): string;
  fault(name: string, fault: string): void;
}

export function createReader(env: Environment, faults: VaultFault[]): EnvironmentReader {
  const known = new Set(VAULT_ENVIRONMENT.map(({ name }) => name));
  const label = (name: string): string => {
    if (!known.has(name)) throw new TypeError(`${name} is not in the table`);
    return env[`BAO_${name}`] === undefined ? `VAULT_${name}` : `BAO_${name}`;
  };
  const text = (name: string): string | undefined => {
    const value = env[label(name)];
    return value === "" ? undefined : value;
  };
  const fault = (name: string, what: string): void => {
    faults.push({ setting: label(name), fault: what });
  };
  return {
    text,
    label,
    fault,
    value(name, parse, what) {
      const given = text(name);
      if (given === undefined) return undefined;
      const value = parse(given);
      if (value === undefined) fault(name, what);
      return value;
    },
  };
}

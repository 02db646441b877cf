/**
 * Serial numbers, lower-case hexadecimal, that the lines `signed` of a signer's log have. Lines of anything else, and the first
 * one, which may be cut where only the end of a file was read, are passed over.
 */
export function signedSerials(log: string): ReadonlySet<string> {
  const serials = new Set<string>();
  for (const line of log.split("\n")) {
    const { msg, serial } = fieldsOf(line);
    if (msg === "signed" && typeof serial === "string") serials.add(serial.toLowerCase());
  }
  return serials;
}

function fieldsOf(line: string): { readonly msg?: unknown; readonly serial?: unknown } {
  if (!line.startsWith("{")) return {};
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

const COLUMNS = 64;

/**
 * Encodes one block (RFC 7468): 64 columns, `\n` line ends, one at the end too. The label is written as given.
 */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("base64");
  let body = "";
  for (let i = 0; i < base64.length; i += COLUMNS) body += `${base64.slice(i, i + COLUMNS)}\n`;
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

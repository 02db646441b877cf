/** What a call's headers say about its token. */
export type TokenHeader =
  | { readonly ok: true; readonly token: string }
  | { readonly ok: false; readonly reason: "missing" | "empty" | "several" };

/**
 * Takes the one `token` of a call from the flat name, value, name, value list that node:http2 calls `rawHeaders`.
 * The joined form of headers will not do: there `good` and `bad` sent apart look like one value `good, bad`, and
 * grpc-go would take the first.
 */
export function readTokenHeader(rawHeaders: readonly string[]): TokenHeader {
  let token: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== "token") continue;
    if (token !== undefined) return { ok: false, reason: "several" };
    token = rawHeaders[index + 1] ?? "";
  }
  if (token === undefined) return { ok: false, reason: "missing" };
  return token.trim() === "" ? { ok: false, reason: "empty" } : { ok: true, token };
}

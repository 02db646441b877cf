import { randomFillSync } from "node:crypto";

const POOL_BYTES = 1024;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Random bytes from the system, each handed out once and then cleared. Drawn a pool at a time: the way to OpenSSL and back
 * costs as much for 16 bytes as for a thousand. At most 1024 at once.
 */
export function randomFromPool(n: number): Uint8Array {
  if (used + n > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + n);
  pool.fill(0, used, used + n);
  used += n;
  return bytes;
}

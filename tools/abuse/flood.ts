import { setTimeout as delay } from "node:timers/promises";
import { openHttp2, type RawConnection } from "./raw-connection.ts";
import type { Target } from "./target.ts";

const LIMIT_MS = 3_000;

/** Sends until `count`, the server's end, or three seconds; then waits a moment for what comes back. */
async function flood(
  connection: RawConnection,
  count: number,
  bytes: (n: number) => Uint8Array,
): Promise<string> {
  const end = performance.now() + LIMIT_MS;
  let sent = 0;
  while (sent < count && !connection.ended && performance.now() < end) {
    const batch = Array.from({ length: Math.min(50, count - sent) }, (_, i) => bytes(sent + i));
    if (!(await connection.send(...batch))) break;
    sent += batch.length;
    await delay(0);
  }
  await Promise.race([connection.closed, delay(300)]);
  const { goaway, resets, answers, ended } = connection;
  connection.destroy();
  const fate = goaway === undefined ? (ended ? "closed" : "taken") : `GOAWAY ${goaway}`;
  return `${fate} after ${sent} (${answers} answers, ${resets} resets)`;
}

/** The same on several connections at once, each with its preface and these SETTINGS. */
export async function floods(
  target: Target,
  connections: number,
  count: number,
  bytes: (n: number) => Uint8Array,
  settings: Uint8Array = new Uint8Array(),
): Promise<string> {
  const opened = await Promise.all(Array.from({ length: connections }, () => openHttp2(target, settings)));
  const results = await Promise.all(opened.map((connection) => flood(connection, count, bytes)));
  return `${connections} × ${results[0]}`;
}

/** Opens many connections with many streams each, and holds them all for six seconds. */
export async function holdStreams(
  target: Target,
  connections: number,
  streams: number,
  bytes: (n: number) => Uint8Array,
): Promise<string> {
  const opened = await Promise.all(Array.from({ length: connections }, () => openHttp2(target)));
  const all = Buffer.concat(Array.from({ length: streams }, (_, n) => bytes(n)));
  await Promise.all(opened.map((connection) => connection.send(all)));
  await delay(2 * LIMIT_MS);
  const held = opened.filter(({ ended }) => !ended).length;
  for (const connection of opened) connection.destroy();
  return `${held} of ${connections} held`;
}

/** Opens many connections at once, and looks how many are left after three seconds. */
export async function crowd(
  target: Target,
  open: (target: Target) => Promise<RawConnection>,
  count: number,
): Promise<string> {
  const opened = await Promise.all(Array.from({ length: count }, () => open(target)));
  await delay(LIMIT_MS);
  const held = opened.filter(({ ended }) => !ended).length;
  for (const connection of opened) connection.destroy();
  return `${held} of ${count} held`;
}

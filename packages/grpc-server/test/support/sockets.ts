import { connect as connectTcp, type Socket } from "node:net";
import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { ClientHttp2Session } from "node:http2";

/** A TCP connection that says nothing. */
export async function openTcp(port: number): Promise<Socket> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "connect");
  return socket;
}

/** A TLS connection that says nothing more. */
export async function openTls(port: number): Promise<TLSSocket> {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  socket.on("error", () => undefined);
  // The server's SETTINGS: its session is there.
  await once(socket, "data");
  socket.resume();
  return socket;
}

/** Resolves once it is closed; at once if it is. */
export function closed(end: Socket | ClientHttp2Session): Promise<void> {
  if (end.destroyed) return Promise.resolve();
  return new Promise((resolve) => void end.once("close", () => resolve()));
}

/** Lets both ends of loopback do what they have to: polls, at most two seconds, until `holds`. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 2000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("what was waited for didn't happen");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

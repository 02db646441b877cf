import { fromBinary } from "@bufbuild/protobuf";
import { CertificateResponseSchema } from "@talos-bridge/api";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { WorkerRequest } from "./material.ts";

/** What every connection of a load has in common. */
export interface Endpoint {
  readonly port: number;
  readonly context: SecureContext;
}

/** A signer, and what a worker knows of it. */
export interface Target extends Endpoint {
  readonly ca: X509Certificate;
  readonly token: string;
}

export function makeEndpoint(port: number, caPem: string): Endpoint {
  return { port, context: createSecureContext({ ca: caPem }) };
}

export function makeTarget(port: number, caPem: string, token: string): Target {
  return { ...makeEndpoint(port, caPem), token, ca: new X509Certificate(caPem) };
}

/** A new TCP connection with a full handshake; the server's certificate is verified. */
export async function handshake({ port, context }: Endpoint, protocol?: string): Promise<TLSSocket> {
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    secureContext: context,
    ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

export async function openSession(target: Endpoint): Promise<ClientHttp2Session> {
  const socket = await handshake(target, "h2");
  const session = connectHttp2("https://127.0.0.1", { createConnection: () => socket });
  session.on("error", () => undefined);
  // As grpc-go, which sends no call before it knows how many streams the server takes.
  await once(session, "remoteSettings");
  return session;
}

export async function closeSession(session: ClientHttp2Session): Promise<void> {
  if (session.destroyed) return;
  const closed = once(session, "close");
  session.close();
  await closed;
}

const HEADERS = {
  ":method": "POST",
  "content-type": "application/grpc",
  te: "trailers",
  "grpc-timeout": "30S",
};

const CERTIFICATE = "/securityapi.SecurityService/Certificate";
const PREFIX_BYTES = 5;

/** Sends one request; throws unless the answer is status 0 and a certificate of the request's key. */
export async function certify(
  session: ClientHttp2Session,
  target: Target,
  request: WorkerRequest,
  thorough: boolean,
): Promise<void> {
  const message = await callUnary(session, CERTIFICATE, request.frame, { token: target.token });
  const { crt } = fromBinary(CertificateResponseSchema, message);
  const pem = Buffer.from(crt).toString("latin1");
  const body = pem.slice(pem.indexOf("\n"), pem.lastIndexOf("\n-----END CERTIFICATE-----"));
  if (!Buffer.from(body, "base64").includes(request.publicKey))
    throw new Error("a certificate of another key");
  if (!thorough) return;
  const certificate = new X509Certificate(pem);
  if (!certificate.verify(target.ca.publicKey)) throw new Error("a certificate that the CA did not sign");
}

/** Sends gRPC's prefix and a message; the answer's message, or a throw for any other status than 0. */
export function callUnary(
  session: ClientHttp2Session,
  path: string,
  frame: Uint8Array,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  return new Promise((done, failed) => {
    const stream = session.request({ ...HEADERS, ":path": path, ...metadata });
    const chunks: Buffer[] = [];
    let status: string | undefined;
    stream.on("response", (headers) => (status ??= textOf(headers["grpc-status"])));
    stream.on("trailers", (trailers) => (status ??= textOf(trailers["grpc-status"])));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", failed);
    stream.on("close", () => {
      if (status === "0") done(Buffer.concat(chunks).subarray(PREFIX_BYTES));
      else failed(new Error(`grpc-status ${status ?? "missing"}`));
    });
    stream.end(frame);
  });
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "object" ? header.join() : header;
}

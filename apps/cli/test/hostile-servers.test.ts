import { createSecureServer, createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { file, makeAuthority, makeLeaf } from "./support/authorities.ts";
import { JOIN_TOKEN } from "./support/bundle.ts";
import { commandLine, scratchDir } from "./support/command-line.ts";

const plainHttp = (socket: Socket): void => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n\u001b[31mno");
const noise = (socket: Socket): void => void socket.once("data", () => socket.end(Buffer.alloc(5_000, 0xa5)));

/** Listens on loopback, and answers each connection in its own way; the port. */
async function listen(server: ReturnType<typeof createTcpServer>): Promise<number> {
  server.on("error", () => undefined);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function tcp(answer: (socket: Socket) => void): ReturnType<typeof createTcpServer> {
  return createTcpServer((socket) => {
    socket.on("error", () => undefined);
    answer(socket);
  });
}

const UUID = "1530219d-08ff-46d1-a8ce-bfee732a6bda";

test.each([
  {
    name: "plain HTTP where TLS should be",
    answer: plainHttp,
    scheme: "https",
    says: "no TLS is spoken there",
  },
  { name: "noise where TLS should be", answer: noise, scheme: "https", says: "no TLS is spoken there" },
  {
    name: "HTTP/1.1 where gRPC should be",
    answer: plainHttp,
    scheme: "grpc",
    says: "no gRPC is spoken there",
  },
  { name: "noise where gRPC should be", answer: noise, scheme: "grpc", says: "no gRPC is spoken there" },
])("$name is told as such, and ends nothing else", async ({ answer, scheme, says }) => {
  const port = await listen(tcp(answer));
  const endpoint = `${scheme}://127.0.0.1:${port}`;
  const { exit, stderr } = await commandLine([
    "kms",
    "roundtrip",
    "--endpoint",
    endpoint,
    "--node-uuid",
    UUID,
  ]);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining(says) });
  expect(stderr).toContain("(TB2005,");
  // An error that nobody listens to comes once the session is closed: Vitest fails for it.
  await new Promise(setImmediate);
});

test("an answer that is far too long is refused by its announced length", async () => {
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
  });
  const port = await listen(server);
  const argv = ["kms", "roundtrip", "--endpoint", `grpc://127.0.0.1:${port}`, "--node-uuid", UUID];
  const { exit, stderr } = await commandLine(argv);
  expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining("ResourceExhausted") });
});

test("a signer is waited for as long as for a KMS, whatever --timeout gives", async () => {
  const now = new Date();
  const os = await makeAuthority("talos", now);
  const { crt: cert, key } = await makeLeaf(os, undefined, { names: ["127.0.0.1"], now });
  const deadlines: unknown[] = [];
  const server = createSecureServer({ cert, key });
  server.on("stream", (stream, headers) => {
    deadlines.push(headers["grpc-timeout"]);
    stream.on("error", () => undefined);
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "14" },
      { endStream: true },
    );
  });
  const port = await listen(server);
  const dir = scratchDir();
  const argv = ["csr", "test", "--endpoint", `127.0.0.1:${port}`, "--ca", file(dir, "ca.crt", os.crt)];
  const { exit } = await commandLine([
    ...argv,
    "--token-file",
    file(dir, "token", JOIN_TOKEN),
    "--timeout",
    "1h",
  ]);
  expect({ exit, deadlines }).toEqual({ exit: 2, deadlines: ["10000m"] });
});

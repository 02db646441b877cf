import { createPrivateKey } from "node:crypto";
import type { ClientHttp2Session } from "node:http2";
import { TLSSocket } from "node:tls";
import { createGrpcServer } from "@talos-bridge/grpc-server";
import { describe, expect, test } from "vitest";
import { FIRST, SECOND } from "./support/fixtures.ts";
import { connectRaw, rawCall, sealFrame } from "./support/raw-client.ts";
import { startServer } from "./support/start-server.ts";

async function nameServed(session: ClientHttp2Session): Promise<string | undefined> {
  expect((await rawCall(session, sealFrame(""))).grpcStatus).toBe("0");
  if (!(session.socket instanceof TLSSocket)) throw new TypeError("no TLS");
  const name = session.socket.getPeerCertificate().subject.CN;
  return Array.isArray(name) ? name[0] : name;
}

describe("setTls", () => {
  test("the next handshake has the new certificate, an open connection lives on", async () => {
    const { port, server } = await startServer();
    const before = connectRaw(port);
    expect(await nameServed(before)).toBe("first.test");
    server.setTls({ cert: SECOND.cert, key: createPrivateKey(SECOND.key) });
    const after = connectRaw(port);
    expect(await nameServed(after)).toBe("second.test");
    expect(await nameServed(before)).toBe("first.test");
    before.destroy();
    after.destroy();
  });

  test("TLS 1.1 stays refused after a reload", async () => {
    const { port, server } = await startServer();
    server.setTls(SECOND);
    const session = connectRaw(port, {
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => void session.once("error", resolve));
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  const rows = [
    { name: "a key of another certificate", tls: { cert: FIRST.cert, key: SECOND.key } },
    { name: "no certificate", tls: { cert: "", key: FIRST.key } },
    { name: "no PEM", tls: { cert: "x", key: "y" } },
  ];
  for (const { name, tls } of rows) {
    test(`${name} is refused and changes nothing`, async () => {
      const { port, server } = await startServer();
      expect(() => server.setTls(tls)).toThrow(expect.objectContaining({ code: "ERR_GRPC_SERVER_TLS" }));
      const session = connectRaw(port);
      expect(await nameServed(session)).toBe("first.test");
      session.destroy();
      const create = () =>
        createGrpcServer({ services: [], gate: () => ({ allow: true, countsAsAuthenticated: false }), tls });
      expect(create).toThrow(expect.objectContaining({ code: "ERR_GRPC_SERVER_TLS" }));
    });
  }

  test("a plaintext server answers calls and has no certificate to change", async () => {
    const { port, server } = await startServer({ plaintext: true });
    const session = connectRaw(port, { plaintext: true });
    expect((await rawCall(session, sealFrame(""))).grpcStatus).toBe("0");
    expect(() => server.setTls(FIRST)).toThrow(expect.objectContaining({ code: "ERR_GRPC_SERVER_STATE" }));
    session.destroy();
  });
});

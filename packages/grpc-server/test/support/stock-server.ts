import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus, KMSService } from "@talos-bridge/api";
import { createSecureServer, type ServerHttp2Session } from "node:http2";
import { onTestFinished } from "vitest";
import { FIRST } from "./fixtures.ts";
import { kmsService } from "./kms-service.ts";

/** The same service behind connect-node's own adapter: the oracle of the matrix. */
export async function startStockServer(
  finished: (end: () => void) => void = onTestFinished,
): Promise<number> {
  const server = createSecureServer(
    FIRST,
    connectNodeAdapter({
      connect: false,
      grpcWeb: false,
      acceptCompression: [],
      readMaxBytes: 65_536,
      writeMaxBytes: 65_536,
      requestGate: ({ requestHeader, service }) => {
        if (service.typeName === Health.typeName || requestHeader.get("token") === "good") return;
        throw new ConnectError("invalid token", Code.Unauthenticated);
      },
      routes(router) {
        router.service(KMSService, kmsService);
        router.service(Health, {
          check: ({ service }) => {
            if (service !== "" && service !== KMSService.typeName)
              throw new ConnectError("unknown service", Code.NotFound);
            return { status: HealthCheckResponse_ServingStatus.SERVING };
          },
        });
      },
    }),
  );
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  finished(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new TypeError("not a TCP listener");
  return bound.port;
}

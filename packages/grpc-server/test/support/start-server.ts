import { Code } from "@connectrpc/connect";
import { Health, KMSService } from "@talos-bridge/api";
import {
  bindService,
  createGrpcServer,
  createHealth,
  type EndedCall,
  type GrpcServer,
  type GrpcServerOptions,
  type HeaderGate,
} from "@talos-bridge/grpc-server";
import { onTestFinished } from "vitest";
import { FIRST } from "./fixtures.ts";
import { kmsService } from "./kms-service.ts";

/** Lets health in, everything else with the one header `token: good`. */
export const tokenGate: HeaderGate = (method, rawHeaders) => {
  if (method.startsWith(`/${Health.typeName}/`)) return { allow: true, countsAsAuthenticated: false };
  const tokens = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1] === "token");
  if (tokens.length === 1 && tokens[0] === "good")
    return { allow: true, principal: "tester", countsAsAuthenticated: true };
  return { allow: false, code: Code.Unauthenticated, message: "invalid token", reason: "token" };
};

export interface StartOptions extends Partial<GrpcServerOptions> {
  readonly plaintext?: boolean;
  /** Registers what is to be done at the end; the end of the test where absent. */
  readonly finished?: (end: () => void) => void;
}

export interface TestServer {
  readonly server: GrpcServer;
  readonly port: number;
  /** Calls that have ended, in order. */
  readonly calls: EndedCall[];
  /** One line an event of a connection. */
  readonly connections: string[];
  readonly internalErrors: unknown[];
}

/** A TLS server of the test service on a free port; it ends with the test. */
export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const { plaintext = false, finished = onTestFinished, ...rest } = options;
  const calls: EndedCall[] = [];
  const connections: string[] = [];
  const internalErrors: unknown[] = [];
  const server = createGrpcServer({
    services: [
      bindService(KMSService, kmsService),
      createHealth({ services: [KMSService.typeName], serving: () => true }),
    ],
    gate: tokenGate,
    ...(!plaintext && { tls: FIRST }),
    events: {
      callEnded: (call) => calls.push(call),
      connectionOpened: () => connections.push("opened"),
      connectionClosed: ({ reason }) => connections.push(`closed: ${reason}`),
      connectionRefused: ({ reason }) => connections.push(`refused: ${reason}`),
      internalError: (error) => internalErrors.push(error),
    },
    ...rest,
  });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  finished(() => server.closeNow());
  return { server, port, calls, connections, internalErrors };
}

import { connect, type ClientHttp2Session } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import type { Target } from "./target.ts";

/** Calls made since the last look. */
export interface WorkerFigures {
  readonly calls: number;
  readonly lost: number;
  readonly worstMs: number;
}

/** A worker that behaves, and is to notice nothing. */
export interface GoodWorker {
  /** Figures since the last time, which start anew. */
  take(): WorkerFigures;
  stop(): Promise<void>;
}

const CALL_MS = 10_000;
const RETRY_MS = 100;

/** Calls on one connection, every 50 ms; a call that fails once is lost. */
export function startKeptWorker(target: Target): GoodWorker {
  let session: ClientHttp2Session | undefined;
  return loop(50, async () => {
    if (session === undefined || session.closed || session.destroyed) session = open(target);
    return certificate(session, target);
  });
}

/** Does what a worker does at boot, every 250 ms: a new connection and a call, tried again for ten seconds, then lost. */
export function startBootingWorker(target: Target): GoodWorker {
  return loop(250, async () => {
    const end = performance.now() + CALL_MS;
    while (performance.now() < end) {
      const session = open(target);
      const served = await certificate(session, target);
      session.destroy();
      if (served) return true;
      await delay(RETRY_MS);
    }
    return false;
  });
}

function loop(everyMs: number, call: () => Promise<boolean>): GoodWorker {
  let figures = { calls: 0, lost: 0, worstMs: 0 };
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      const start = performance.now();
      const served = await call();
      const ms = performance.now() - start;
      figures = {
        calls: figures.calls + 1,
        lost: figures.lost + (served ? 0 : 1),
        worstMs: Math.max(figures.worstMs, ms),
      };
      await delay(Math.max(1, everyMs - ms));
    }
  })();
  return {
    take() {
      const taken = figures;
      figures = { calls: 0, lost: 0, worstMs: 0 };
      return taken;
    },
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

function open({ port, caPem }: Target): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { ca: caPem });
  session.on("error", () => undefined);
  return session;
}

/** Whether a certificate came, within ten seconds. */
function certificate(session: ClientHttp2Session, { path, token, request }: Target): Promise<boolean> {
  return new Promise((resolve) => {
    if (session.destroyed || session.closed) {
      resolve(false);
      return;
    }
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      token,
    });
    const timer = setTimeout(() => stream.close(8), CALL_MS);
    let served = false;
    stream.on("trailers", (trailers) => (served = trailers["grpc-status"] === "0"));
    stream.on("error", () => undefined);
    stream.resume();
    stream.on("close", () => {
      clearTimeout(timer);
      resolve(served);
    });
    stream.end(request);
  });
}

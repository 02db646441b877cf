import { setTimeout as wait } from "node:timers/promises";

/** Runs `work` again and again, `ms` after it last ended, without keeping the process alive. The answer ends it. */
export function repeat(ms: number, work: () => void | Promise<void>): () => void {
  let timer: NodeJS.Timeout;
  let ended = false;
  function schedule(): void {
    if (!ended) timer = setTimeout(() => void Promise.resolve(work()).finally(schedule), ms).unref();
  }
  schedule();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Settles after `ms`, or at once when the signal aborts. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await wait(ms, undefined, { signal }).catch(() => undefined);
}

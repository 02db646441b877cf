import {
  createMemoryLock,
  LeaderError,
  type Lease,
  type LeaseRecord,
  type Lock,
  type Timers,
} from "@talos-bridge/leader";

/** What goes wrong in a world, each as a chance from 0 to 1. */
export interface Trouble {
  readonly requestLost: number;
  readonly answerLost: number;
}

/** A process that may be paused: time goes on, and whatever it waits for comes only when it runs again. */
export interface Process {
  readonly lock: Lock;
  readonly timers: Timers;
  pause(ms: number): void;
}

/** Processes, one lock, and a clock that jumps from event to event. Runs alike for the same random numbers. */
export class World {
  readonly #events: {
    at: number;
    readonly process: { pausedUntil: number } | undefined;
    readonly run: () => void;
  }[] = [];
  readonly #shared = createMemoryLock();
  readonly #random: (limit: number) => number;
  readonly #trouble: Trouble;
  now = 0;
  /** Points at which a process waits for something. */
  waits = 0;
  /** Told at each of them. */
  onWait: (process: Process) => void = () => undefined;
  /** The last write that the lock took. */
  written: { readonly at: number; readonly record: LeaseRecord } | undefined;

  constructor(random: (limit: number) => number, trouble: Trouble) {
    this.#random = random;
    this.#trouble = trouble;
  }

  process(): Process {
    const state = { pausedUntil: 0 };
    const wait = (): void => {
      this.waits++;
      this.onWait(process);
    };
    const call = async (act: (lock: Lock) => Promise<Lease | undefined>): Promise<Lease | undefined> => {
      const { promise, resolve, reject } = Promise.withResolvers<Lease | undefined>();
      const never = (): void => undefined;
      this.#at(this.#random(400), undefined, () => {
        if (this.#lost(this.#trouble.requestLost)) return;
        const answer = act(this.#shared);
        answer.catch(never); // until it is delivered, if it is
        this.#at(this.#random(400), state, () => {
          if (this.#lost(this.#trouble.answerLost)) return;
          answer.then(resolve, reject);
        });
      });
      wait();
      return promise;
    };
    const write = async (act: (lock: Lock) => Promise<Lease>): Promise<Lease> => {
      const lease = await call(async (lock) => {
        const done = await act(lock);
        this.written = { at: this.now, record: done.record };
        return done;
      });
      if (lease === undefined) throw new LeaderError("ERR_LEADER_API", "unreachable");
      return lease;
    };
    const process: Process = {
      lock: {
        get: () => call((lock) => lock.get(new AbortController().signal)),
        create: (record, signal) => write((lock) => lock.create(record, signal)),
        update: (lease, record, signal) => write((lock) => lock.update(lease, record, signal)),
      },
      timers: {
        now: () => this.now,
        schedule: (ms, then) => {
          const cancel = this.#at(ms, state, then);
          wait();
          return cancel;
        },
      },
      pause: (ms) => void (state.pausedUntil = Math.max(state.pausedUntil, this.now + ms)),
    };
    return process;
  }

  /** Moves to the next event, runs it and whatever follows from it without time passing. */
  async step(beforeEvent: () => void): Promise<void> {
    for (const event of this.#events) {
      if (event.process !== undefined && event.process.pausedUntil > event.at)
        event.at = event.process.pausedUntil;
    }
    this.#events.sort((a, b) => a.at - b.at);
    const event = this.#events.shift();
    if (event === undefined) throw new Error("nothing left to happen");
    this.now = Math.max(this.now, event.at);
    beforeEvent();
    event.run();
    await new Promise((resolve) => setImmediate(resolve));
  }

  #at(ms: number, process: { pausedUntil: number } | undefined, run: () => void): () => void {
    const event = { at: this.now + ms, process, run };
    this.#events.push(event);
    return () => {
      const index = this.#events.indexOf(event);
      if (index >= 0) this.#events.splice(index, 1);
    };
  }

  #lost(chance: number): boolean {
    return this.#random(1) < chance;
  }
}

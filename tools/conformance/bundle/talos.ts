// Asks Talos's own machinery code, in the Go program of this folder, one question at a time.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { conformanceBinary } from "../build.ts";

/** What both sides make a worker's config of. */
export interface WorkerOptions {
  readonly clusterName: string;
  readonly endpoint: string;
  readonly kubernetesVersion?: string;
  readonly certSans?: readonly string[];
  readonly installDisk?: string;
  readonly installImage?: string;
  readonly dnsDomain?: string;
  readonly discovery?: boolean;
}

export interface Request {
  readonly do: string;
  readonly path?: string;
  readonly other?: string;
  readonly contract?: string;
  readonly worker?: WorkerOptions;
  readonly roles?: readonly string[];
}

interface Answer {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: string;
}

/** Talos's code, running. */
export interface Talos {
  /** What it answers; throws with its error. */
  readonly ask: (request: Request) => Promise<unknown>;
  /** The same where text is the answer. */
  readonly text: (request: Request) => Promise<string>;
  readonly stop: () => void;
}

export function startTalos(): Talos {
  const child = spawn(conformanceBinary(import.meta.dirname), { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: Request): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value: line, done } = await answers.next();
    if (done === true) throw new Error("the Go program has ended");
    const answer: Answer = JSON.parse(line);
    if (!answer.ok) throw new Error(answer.error);
    return answer.value;
  };
  return { ask, text: async (request) => String(await ask(request)), stop: () => child.stdin.end() };
}

import type { KeyringFiles } from "@talos-bridge/keyring";

interface Inode {
  /** What a process reads. */
  content: Buffer;
  /** What is on the disk. */
  durable: Buffer;
}

type Names = Map<string, Inode>;

/** The process ended here: nothing it does afterwards has an effect. */
export class Crash extends Error {}

/**
 * A file system in memory that tells what a process sees from what is on the disk. Each change is a step, a file's making
 * four of them; the process crashes before the step that `crashAfter` counts.
 */
export class VolatileFiles implements KeyringFiles {
  steps = 0;
  readonly #crashAfter: number;
  readonly #names: Names;
  #durableNames: Names;
  /** Changes of names since the last sync of the folder. */
  #journal: ((names: Names) => void)[] = [];

  constructor(crashAfter = Infinity, names: Names = new Map()) {
    this.#crashAfter = crashAfter;
    this.#names = names;
    this.#durableNames = new Map(names);
  }

  /** How many different states a power cut may leave now: any number of the names' changes, in order. */
  get outcomes(): number {
    return this.#journal.length + 1;
  }

  /** The same files for the next process: all that the last one saw. */
  afterProcessCrash(): VolatileFiles {
    const next = new VolatileFiles(Infinity, new Map(this.#names));
    next.#durableNames = new Map(this.#durableNames);
    next.#journal = [...this.#journal];
    return next;
  }

  /** The files after a power cut: synced content only, and the first `kept` changes of names since the last sync. */
  afterPowerCut(kept: number): VolatileFiles {
    const names = new Map(this.#durableNames);
    for (const change of this.#journal.slice(0, kept)) change(names);
    const lost = new Map([...names].map(([name, { durable }]) => [name, { content: durable, durable }]));
    return new VolatileFiles(Infinity, lost);
  }

  get paths(): readonly string[] {
    return [...this.#names.keys()].toSorted();
  }

  put(path: string, content: Buffer): void {
    const inode = { content, durable: content };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  async resolve(path: string): Promise<string> {
    return path;
  }

  async read(path: string): Promise<{ bytes: Buffer; mode: number } | undefined> {
    if (this.steps >= this.#crashAfter) throw new Crash();
    const inode = this.#names.get(path);
    return inode && { bytes: inode.content, mode: 0o600 };
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    const inode: Inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0) };
    this.#step();
    if (this.#names.has(path)) throw Object.assign(new Error("exists"), { code: "EEXIST" });
    this.#change((names) => names.set(path, inode));
    this.#step();
    inode.content = Buffer.from(bytes.subarray(0, bytes.length / 2));
    this.#step();
    inode.content = Buffer.from(bytes);
    this.#step();
    inode.durable = inode.content;
  }

  async link(from: string, to: string): Promise<void> {
    this.#step();
    const inode = this.#existing(from);
    if (this.#names.has(to)) throw Object.assign(new Error("exists"), { code: "EEXIST" });
    this.#change((names) => names.set(to, inode));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step();
    const inode = this.#existing(from);
    this.#change((names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async remove(path: string): Promise<void> {
    this.#step();
    if (this.#names.has(path)) this.#change((names) => names.delete(path));
  }

  async syncFolder(): Promise<void> {
    this.#step();
    this.#durableNames = new Map(this.#names);
    this.#journal = [];
  }

  #step(): void {
    if (this.steps >= this.#crashAfter) throw new Crash();
    this.steps++;
  }

  #change(change: (names: Names) => void): void {
    change(this.#names);
    this.#journal.push(change);
  }

  #existing(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw Object.assign(new Error("absent"), { code: "ENOENT" });
    return inode;
  }
}

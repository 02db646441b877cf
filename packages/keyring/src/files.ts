import { constants } from "node:fs";
import { link, open, realpath, rename, rm } from "node:fs/promises";

/** What the keyring needs of a file system. Each call rejects with the system's error, whose `code` is read. */
export interface KeyringFiles {
  /** The path with every link followed; the path as it is where there is no such file. */
  resolve(path: string): Promise<string>;
  /** Whole content and permission bits; undefined where there is no such file. */
  read(path: string): Promise<{ readonly bytes: Buffer; readonly mode: number } | undefined>;
  /** Makes a file of mode 0600 and returns when its content is on the disk. `EEXIST` where there is one. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /** A second name for a file. `EEXIST` where that name is taken: it never replaces. */
  link(from: string, to: string): Promise<void>;
  /** Replaces `to` in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Nothing happens where there is no such file. */
  remove(path: string): Promise<void>;
  /** Returns when the names in a folder are on the disk. */
  syncFolder(path: string): Promise<void>;
}

/** Bytes of a file at most: 1,000 keys take a tenth. */
const MAX_FILE_BYTES = 1_048_576;

/** The real file system. */
export const systemFiles: KeyringFiles = {
  resolve: async (path) => (await realpath(path).catch(absent)) ?? path,
  async read(path) {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(absent);
    if (file === undefined) return undefined;
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new TypeError("is no regular file");
      if (status.size > MAX_FILE_BYTES) throw new RangeError(`is larger than ${MAX_FILE_BYTES} bytes`);
      return { bytes: await file.readFile(), mode: status.mode & 0o7777 };
    } finally {
      await file.close();
    }
  },
  async create(path, bytes) {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  link,
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function absent(error: unknown): undefined {
  if (!hasCode(error, "ENOENT")) throw error;
}

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { GrpcServerError } from "./errors.ts";

/** Bytes of a watched file at most. Certificate bundles and token files are a few kilobytes. */
export const MAX_FILE_BYTES = 1_048_576;

/** By path: a file's bytes, or undefined where it is not there or cannot be read. */
export type FileContents = ReadonlyMap<string, Buffer | undefined>;

/**
 * Reads a small file whole.
 *
 * @returns its bytes, or undefined where there is no such file
 * @throws the system's error, or GrpcServerError `ERR_GRPC_SERVER_FILE` for a directory, a device, a pipe or a file of
 * more than 1 MiB
 */
export async function readSmallFile(path: string): Promise<Buffer | undefined> {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(absent);
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new GrpcServerError("ERR_GRPC_SERVER_FILE", "is no regular file");
    if (status.size > MAX_FILE_BYTES) {
      throw new GrpcServerError("ERR_GRPC_SERVER_FILE", `is larger than ${MAX_FILE_BYTES} bytes`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Reads several files; what cannot be read is undefined, and `onError` is told why unless it is simply not there. */
export async function readFiles(
  paths: readonly string[],
  onError: (path: string, error: unknown) => void,
  read: typeof readSmallFile = readSmallFile,
): Promise<FileContents> {
  const entries = paths.map(async (path): Promise<[string, Buffer | undefined]> => {
    try {
      return [path, await read(path)];
    } catch (error) {
      onError(path, error);
      return [path, undefined];
    }
  });
  return new Map(await Promise.all(entries));
}

function absent(error: unknown): undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}

import { randomBytes as systemRandom } from "node:crypto";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { sealWith, unsealWith, type VersionedKey } from "./ciphertext.ts";
import { KeyringError } from "./errors.ts";
import { hasCode, systemFiles, type KeyringFiles } from "./files.ts";
import { decodeKeyFile, encodeKeyFile, MAX_KEYS, secretKey } from "./key-file.ts";
import { withWriteLock, type Writer } from "./write-lock.ts";

export interface KeyringOptions {
  /** Make a keyring with one new key where there is no file. A file that is there is never replaced. */
  readonly create?: boolean;
  /** Told once on opening where others may read or write the file; lower-case, to be read after the path. */
  readonly onWarning?: (warning: string) => void;
  readonly files?: KeyringFiles;
  /** That many bytes from a cryptographic source. */
  readonly randomBytes?: (size: number) => Uint8Array;
  readonly writer?: Writer;
}

export interface Keyring {
  /** Version of the key that seals. */
  readonly currentVersion: number;
  /**
   * Seals up to 64 KiB for a node with the current key.
   *
   * @param uuid 8-4-4-4-12 hexadecimal digits of any case; bound in lower case as associated data
   * @returns `tbk:v1:KEYVERSION:` and the base64 of nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes), AES-256-GCM
   * @throws KeyringError `ERR_KEYRING_UUID`, `ERR_KEYRING_SIZE`
   */
  seal(uuid: string, data: Uint8Array): string;
  /**
   * Gives back what {@link seal} sealed for this node, with whichever key.
   *
   * @throws KeyringError `ERR_KEYRING_UUID`; `ERR_KEYRING_MALFORMED` for another prefix; `ERR_KEYRING_REFUSED` for all else
   */
  unseal(uuid: string, text: string): Buffer<ArrayBuffer>;
  /**
   * Adds a key, which seals from then on; older texts stay readable. The new key is used only when it is on the disk.
   * Keys that another process added meanwhile are kept and taken up.
   *
   * @returns the new key's version
   * @throws KeyringError `ERR_KEYRING_LOCKED`, `_FULL`, `_ABSENT`, `_CHANGED`, or as {@link openKeyring}; nothing has changed then
   * for this process, and the file holds every key it held
   */
  rotate(): Promise<number>;
  /** Takes up keys that another process added. Throws as {@link openKeyring}, or `ERR_KEYRING_CHANGED`, and keeps its keys. */
  reload(): Promise<void>;
}

/**
 * Opens a keyring: sealing keys in one JSON file of mode 0600. Written by replacing it whole, on the disk before it is
 * used, so that a crash at any point loses no key. One key seals at most 2^32 times (random nonces, NIST SP 800-38D
 * §8.3): rotate before.
 *
 * @throws KeyringError `ERR_KEYRING_ABSENT`, `_DAMAGED`, `_FOREIGN`, `_VERSION`, `_FILE`; with `create` also `_LOCKED`
 */
export async function openKeyring(path: string, options: KeyringOptions = {}): Promise<Keyring> {
  const { create = false, onWarning, files = systemFiles, randomBytes = systemRandom } = options;
  const writer = options.writer ?? thisProcess(randomBytes);
  const target = await guarded(() => files.resolve(path)); // so that a link is not replaced by a file
  const folder = dirname(target);
  const draft = `${target}.new`;
  const found = await guarded(async () => (await load(onWarning)) ?? (create ? makeFirst() : undefined));
  if (found === undefined) throw absent();
  let byVersion = index(found);
  let rotation: Promise<unknown> = Promise.resolve();

  return {
    get currentVersion() {
      return byVersion.size;
    },
    seal: (uuid, data) => sealWith(latest(), uuid, data, randomBytes(12)),
    unseal: (uuid, text) => unsealWith(byVersion, uuid, text),
    rotate() {
      // One after the other: the second builds on the first one's key.
      const done = rotation.then(() => guarded(addKey));
      rotation = done.catch(() => undefined);
      return done;
    },
    reload: () => guarded(async () => use(await loadGrown())),
  };

  function latest(): VersionedKey {
    const key = byVersion.get(byVersion.size);
    if (key === undefined) throw absent();
    return key;
  }

  function use(next: readonly VersionedKey[]): void {
    // A reload that read before another's rotation must not take the new key back.
    if (next.length < byVersion.size) return;
    byVersion = index(next);
  }

  async function load(warn?: (warning: string) => void): Promise<readonly VersionedKey[] | undefined> {
    const file = await files.read(target);
    if (file === undefined) return undefined;
    const others = file.mode & 0o077;
    if (others !== 0) {
      const may = others & 0o022 ? "written" : "read";
      warn?.(`may be ${may} by others than its owner (mode ${file.mode.toString(8).padStart(4, "0")})`);
    }
    try {
      const keys = decodeKeyFile(file.bytes);
      await settle();
      return keys;
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error;
      throw new KeyringError(error.code, `${target} ${error.message}`);
    }
  }

  /** A writer that ended in between may have left a file whose name a power cut would take back: not to be used yet. */
  async function settle(): Promise<void> {
    await files.syncFolder(folder).catch((error: unknown) => {
      if (!hasCode(error, "EROFS") && !hasCode(error, "EINVAL")) throw error; // nothing pends there
    });
  }

  /** The file's keys, which must be ours and perhaps more: an older or another file would lose keys that nodes need. */
  async function loadGrown(): Promise<readonly VersionedKey[]> {
    const held = byVersion;
    const grown = await load();
    if (grown === undefined) throw absent();
    const known = index(grown);
    for (const { version, key } of held.values()) {
      if (!known.get(version)?.key.equals(key)) {
        throw new KeyringError("ERR_KEYRING_CHANGED", `${target} no longer has key ${version}`);
      }
    }
    return grown;
  }

  async function makeFirst(): Promise<readonly VersionedKey[] | undefined> {
    return withWriteLock(target, files, writer, async () => {
      const first = [newKey(1)];
      await writeDraft(first);
      try {
        await files.link(draft, target);
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
        return load(); // another process was first
      }
      await files.syncFolder(folder);
      await files.remove(draft);
      return first;
    });
  }

  async function addKey(): Promise<number> {
    return withWriteLock(target, files, writer, async (stillMine) => {
      const grown = await loadGrown();
      if (grown.length >= MAX_KEYS) {
        throw new KeyringError("ERR_KEYRING_FULL", `${target} holds ${MAX_KEYS} keys already`);
      }
      const next = [...grown, newKey(grown.length + 1)];
      await writeDraft(next);
      await stillMine();
      await files.rename(draft, target);
      // Until the folder is on the disk a power cut may bring the old file back: nothing may be sealed before.
      await files.syncFolder(folder);
      use(next);
      return next.length;
    });
  }

  async function writeDraft(content: readonly VersionedKey[]): Promise<void> {
    await files.remove(draft); // what a crash left; only the holder of the lock gets here
    await files.create(draft, encodeKeyFile(content));
  }

  function newKey(version: number): VersionedKey {
    return { version, key: secretKey(randomBytes(32)) };
  }

  function absent(): KeyringError {
    return new KeyringError("ERR_KEYRING_ABSENT", `${target} is not there`);
  }

  async function guarded<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof KeyringError) throw cause;
      throw new KeyringError("ERR_KEYRING_FILE", `${path} cannot be read or written`, { cause });
    }
  }
}

function index(keys: readonly VersionedKey[]): ReadonlyMap<number, VersionedKey> {
  return new Map(keys.map((key) => [key.version, key]));
}

function thisProcess(randomBytes: (size: number) => Uint8Array): Writer {
  return {
    host: hostname(),
    pid: process.pid,
    id: Buffer.from(randomBytes(8)).toString("hex"),
    isRunning(pid) {
      try {
        return process.kill(pid, 0); // signal 0 only asks
      } catch (error) {
        return !hasCode(error, "ESRCH");
      }
    },
  };
}

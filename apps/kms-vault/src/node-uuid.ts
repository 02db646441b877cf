import type { Parser } from "@talos-bridge/settings";
import { refuse } from "@talos-bridge/settings";
import { looksMadeUp, SHARED_UUIDS } from "./weak-uuid.ts";

declare const checked: unique symbol;

/** A node's UUID: 8-4-4-4-12 lower-case hexadecimal digits, and nothing else. Only {@link UuidPolicy} makes one. */
export type NodeUuid = string & { readonly [checked]: true };

/** UUID versions that are let in; `any` also lets in what has no version, or another variant than RFC 9562's. */
export type AllowedVersions = "any" | ReadonlySet<number>;

export interface UuidPolicyOptions {
  /** Off: only the shape counts. */
  readonly disableValidation: boolean;
  /** `relaxed`: only the shape counts, and UUIDs known to be shared warn. */
  readonly mode: "strict" | "relaxed";
  readonly allowedVersions: AllowedVersions;
  readonly disableEntropyCheck: boolean;
}

export type CheckedUuid =
  | {
      readonly ok: true;
      readonly uuid: NodeUuid;
      /** As it came, where that differs: the Go proxy named keys so. Of the same shape, so as safe in a URL. */
      readonly typed: string | undefined;
      /** For the log, where the UUID is one that many machines have. */
      readonly warning: string | undefined;
    }
  | {
      readonly ok: false;
      readonly reason: "uuid-shape" | "uuid-version" | "uuid-entropy";
      /** For the caller and the log: what is wrong and which setting would let it in. Holds nothing of the input. */
      readonly message: string;
    };

export type UuidPolicy = (typed: string) => CheckedUuid;

const LENGTH = 36;
// On the text as typed: lower-casing first would turn other characters than A-F into ASCII, such as the Kelvin sign.
const SHAPE = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
/** Where the version's digit and the variant's stand. */
const VERSION_AT = 14;
const VARIANT_AT = 19;
const RELAX = "KMS_UUID_VALIDATION_MODE=relaxed";

/**
 * The rule for node UUIDs. The shape comes first and always, whatever is switched off: nothing else ever reaches a URL, a
 * key's name or a log. On top the Go proxy's policy, strict by default: version 4, RFC 9562's variant, and no UUID that a
 * person or a vendor made up.
 */
export function createUuidPolicy(options: UuidPolicyOptions): UuidPolicy {
  const { disableValidation, mode, allowedVersions, disableEntropyCheck } = options;
  const shapeOnly = disableValidation || mode === "relaxed";

  return (typed) => {
    if (typed.length !== LENGTH || !SHAPE.test(typed)) {
      return refused("uuid-shape", "the node UUID is not 8-4-4-4-12 hexadecimal digits");
    }
    const uuid = typed.toLowerCase();
    if (!shapeOnly) {
      if (allowedVersions !== "any" && !hasVersion(uuid, allowedVersions)) {
        return refused(
          "uuid-version",
          `the node UUID is not ${formatVersions(allowedVersions)}: set KMS_ALLOW_UUID_VERSIONS, or ${RELAX} for boards that do not follow RFC 9562`,
        );
      }
      if (!disableEntropyCheck && looksMadeUp(uuid)) {
        return refused(
          "uuid-entropy",
          `the node UUID looks made up, so other machines may have it: give the node its own, or set KMS_DISABLE_ENTROPY_CHECK=true or ${RELAX}`,
        );
      }
    }
    return {
      ok: true,
      // The one place where text becomes a NodeUuid: it has just been checked.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      uuid: uuid as NodeUuid,
      typed: typed === uuid ? undefined : typed,
      warning: SHARED_UUIDS.has(uuid)
        ? "many machines have this UUID: each of them can unseal the others' keys"
        : undefined,
    };
  };
}

/** `any`, or versions and ranges of them between commas: `v4`, `v1-v5`, `v1,v4-v7`. Versions are 1 to 8 (RFC 9562). */
export function uuidVersions(): Parser<AllowedVersions> {
  return {
    type: "`any`, or a list of `vN` and `vN-vM`",
    parse(text) {
      if (text === "any") return "any";
      const versions = new Set<number>();
      for (const item of text.split(",")) {
        const { from, to = from } = /^v(?<from>[1-8])(?:-v(?<to>[1-8]))?$/.exec(item.trim())?.groups ?? {};
        if (from === undefined || Number(from) > Number(to)) {
          throw refuse("must be any, or a list of vN and vN-vM with N from 1 to 8");
        }
        for (let version = Number(from); version <= Number(to); version++) versions.add(version);
      }
      return versions;
    },
  };
}

/** The form in which the Go proxy logs a UUID: `550e84**-****-****-**0000`. */
export function maskUuid(uuid: NodeUuid): string {
  return `${uuid.slice(0, 6)}**-****-****-**${uuid.slice(-4)}`;
}

/** What the log may show of a UUID that was refused: its length, and its first 36 characters with all but ASCII escaped. */
export function describeRefusedUuid(typed: string): { readonly length: number; readonly start: string } {
  const start = typed
    .slice(0, LENGTH)
    .replaceAll(/[^ -~]|[\\"]/g, (character) =>
      character === "\\" || character === '"'
        ? `\\${character}`
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  return { length: typed.length, start };
}

function hasVersion(uuid: string, allowed: ReadonlySet<number>): boolean {
  return (
    allowed.has(Number.parseInt(uuid.charAt(VERSION_AT), 16)) && "89ab".includes(uuid.charAt(VARIANT_AT))
  );
}

function formatVersions(allowed: ReadonlySet<number>): string {
  return [...allowed]
    .toSorted((a, b) => a - b)
    .map((version) => `v${version}`)
    .join(" or ");
}

function refused(
  reason: Extract<CheckedUuid, { ok: false }>["reason"],
  message: string,
): Extract<CheckedUuid, { ok: false }> {
  return { ok: false, reason, message };
}

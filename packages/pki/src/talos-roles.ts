import { PkiError } from "./errors.ts";
import { PROFILES, type LeafProfile } from "./profile.ts";

/** Roles of the Talos API that people have (siderolabs/talos pkg/machinery/role/role.go). */
export const TALOS_ROLES = [
  "os:admin",
  "os:operator",
  "os:reader",
  "os:etcd:backup",
  "os:image:verifier",
  "os:meta:writer",
] as const;

/** Talos's own services have it: who has it acts as any other role. */
const IMPERSONATOR = "os:impersonator";

const ROLE = /^os:[a-z0-9]+(?:[:-][a-z0-9]+)*$/;

export interface TalosClientProfile {
  readonly profile: LeafProfile;
  /** Roles that this version does not know: a newer Talos may. */
  readonly unknownRoles: readonly string[];
}

/**
 * The profile of a client of the Talos API with these roles: they are its Organization, and it has no other name. Doubles and
 * surrounding white space go.
 *
 * Throws ERR_PKI_ROLE: no role at all; text that is no `os:` role, such as `admin`, which Talos would take and give no right
 * for; `os:impersonator` unless `allowImpersonator` is set.
 */
export function talosClientProfile(
  roles: readonly string[],
  { allowImpersonator = false }: { readonly allowImpersonator?: boolean } = {},
): TalosClientProfile {
  const wanted = [...new Set(roles.map((role) => role.trim()))].toSorted();
  if (wanted.length === 0) throw new PkiError("ERR_PKI_ROLE", "no roles: the certificate could do nothing");
  const malformed = wanted.find((role) => !ROLE.test(role));
  if (malformed !== undefined) {
    throw new PkiError("ERR_PKI_ROLE", `${JSON.stringify(malformed)} is no role: roles look like os:reader`);
  }
  if (wanted.includes(IMPERSONATOR) && !allowImpersonator) {
    throw new PkiError(
      "ERR_PKI_ROLE",
      `${IMPERSONATOR} can act as any role and has to be asked for by force`,
    );
  }
  const known: readonly string[] = [...TALOS_ROLES, IMPERSONATOR];
  return {
    profile: { ...PROFILES.talosClient, organizations: wanted },
    unknownRoles: wanted.filter((role) => !known.includes(role)),
  };
}

import { isVaultError, type Vault } from "@talos-bridge/vault";
import type { VaultStep, VaultValue } from "./vault-plan.ts";

export type Applied = "created" | "updated" | "unchanged";

type Call = Vault["call"];

/** Makes it so, if it is not. A mount of another type in the same place is an error, never replaced. */
export async function applyStep(call: Call, step: VaultStep, signal: AbortSignal): Promise<Applied> {
  return step.kind === "write" ? write(call, step, signal) : mount(call, step, signal);
}

async function mount(call: Call, { kind, path, wanted }: VaultStep, signal: AbortSignal): Promise<Applied> {
  const table = kind === "secrets-mount" ? "sys/mounts" : "sys/auth";
  const { data } = await call({ method: "GET", path: table, signal });
  const there = data[`${path}/`];
  if (there === undefined) {
    await call({ method: "POST", path: `${table}/${path}`, body: { ...wanted }, signal });
    return "created";
  }
  const type =
    typeof there === "object" && there !== null && "type" in there ? String(there.type) : "unknown";
  if (type !== wanted["type"]) {
    throw new MountTaken(`${path}/ is mounted already, as ${type}: choose another path`);
  }
  return "unchanged";
}

/** Another engine or method is where this one should be. */
export class MountTaken extends Error {
  override readonly name = "MountTaken";
}

async function write(call: Call, { path, wanted }: VaultStep, signal: AbortSignal): Promise<Applied> {
  const before = await call({ method: "GET", path, signal }).catch((error: unknown) => {
    if (isVaultError(error, "ERR_VAULT_MOUNT_MISSING")) return undefined;
    // An auth method that was not configured yet says 400 on some versions.
    if (isVaultError(error, "ERR_VAULT_REJECTED")) return undefined;
    throw error;
  });
  if (
    before !== undefined &&
    Object.entries(wanted).every(([name, value]) => same(before.data[name], value))
  ) {
    return "unchanged";
  }
  await call({ method: "POST", path, body: { ...wanted }, signal });
  return before === undefined ? "created" : "updated";
}

/** As Vault shows it again: lists may come as one text, PEM with or without its last newline. */
function same(there: unknown, wanted: VaultValue): boolean {
  const normal = (value: unknown): string =>
    Array.isArray(value) ? value.map(String).toSorted().join(",") : String(value).trim();
  return there !== undefined && normal(there) === normal(wanted);
}

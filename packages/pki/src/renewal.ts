import { PkiError } from "./errors.ts";

/** When to renew: after this part of the lifetime, above 0 and at most 1; or this long before the end. */
export type RenewalRule = { readonly fraction: number } | { readonly beforeEndMs: number };

export interface Renewal {
  readonly dueAt: Date;
  readonly due: boolean;
  /** Milliseconds until the end of the certificate; negative once it is expired. */
  readonly remainingMs: number;
}

/**
 * When a certificate is due for renewal. A time before its start counts as the start, so that a rule longer than the lifetime
 * makes it due at once. Throws ERR_PKI_VALIDITY for a rule outside its bounds.
 */
export function renewalOf(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  now: Date,
  rule: RenewalRule,
): Renewal {
  const start = notBefore.getTime();
  const end = notAfter.getTime();
  const dueAt = Math.max(
    start,
    "fraction" in rule ? start + (end - start) * checked(rule) : end - rest(rule),
  );
  return { dueAt: new Date(dueAt), due: now.getTime() >= dueAt, remainingMs: end - now.getTime() };
}

function checked({ fraction }: { readonly fraction: number }): number {
  if (!(fraction > 0 && fraction <= 1)) {
    throw new PkiError("ERR_PKI_VALIDITY", "the part of the lifetime is not above 0 and at most 1");
  }
  return fraction;
}

function rest({ beforeEndMs }: { readonly beforeEndMs: number }): number {
  if (!(beforeEndMs >= 0 && Number.isFinite(beforeEndMs))) {
    throw new PkiError("ERR_PKI_VALIDITY", "the time before the end is not a number from 0 on");
  }
  return beforeEndMs;
}

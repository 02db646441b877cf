/**
 * UUIDs that many machines have, in lower case: what firmware says where nobody has set one. A key sealed for such a node can
 * be unsealed for each of the others.
 */
export const SHARED_UUIDS: ReadonlySet<string> = new Set([
  "00000000-0000-0000-0000-000000000000", // SMBIOS 7.2.1: not set
  "ffffffff-ffff-ffff-ffff-ffffffffffff", // SMBIOS 7.2.1: not present
  "03000200-0400-0500-0006-000700080009", // AMI's default, on many small boards
  "00020003-0004-0005-0006-000700080009", // the same, read in the other byte order
  "00010203-0405-0607-0809-0a0b0c0d0e0f",
  "03020100-0504-0706-0809-0a0b0c0d0e0f", // the same, read in the other byte order
  "fefefefe-fefe-fefe-fefe-fefefefefefe",
  "deadbeef-dead-beef-dead-beefdeadbeef",
  "4c4c4544-0000-2010-8020-80c04f202020", // Dell's form with a blank service tag
]);

/** The version's digit and the variant's: they are not left to chance. */
const FIXED_DIGITS: ReadonlySet<number> = new Set([12, 16]);
const FIXED_BYTES: ReadonlySet<number> = new Set([6, 8]);

const MIN_DIFFERENT_DIGITS = 6;
const MAX_SAME_DIGIT = 15;
const MAX_SAME_STEP = 15;
const MAX_SAME_BYTE_STEP = 6;
const MAX_PERIOD = 8;

/**
 * Whether a UUID (lower case) shows a pattern that chance does not make. A random version 4 UUID is refused once in some
 * 10^10: the rules' shares, in their order, are 3·10^-12 = C(16,5)·(5/16)^30; 5·10^-11 = 16·P(B(30, 1/16) ≥ 16); 6·10^-12 =
 * 16·P(B(27, 1/16) ≥ 16); 10^-12 = 256·P(B(11, 1/256) ≥ 7); and 16^-20. The Go proxy's rules refuse three in 10,000.
 */
export function looksMadeUp(uuid: string): boolean {
  if (SHARED_UUIDS.has(uuid)) return true;
  const digits = readDigits(uuid);
  const bytes = digits
    .filter((_, at) => at % 2 === 0)
    .map((high, at) => high * 16 + (digits[at * 2 + 1] ?? 0));
  return (
    differentDigits(digits) < MIN_DIFFERENT_DIGITS ||
    mostOften(digits, FIXED_DIGITS, 16, 0) > MAX_SAME_DIGIT ||
    mostOften(digits, FIXED_DIGITS, 16, 1) > MAX_SAME_STEP ||
    mostOften(bytes, FIXED_BYTES, 256, 1) > MAX_SAME_BYTE_STEP ||
    repeats(digits)
  );
}

function readDigits(uuid: string): readonly number[] {
  const digits: number[] = [];
  for (let at = 0; at < uuid.length; at++) {
    const code = uuid.charCodeAt(at);
    if (code !== 0x2d) digits.push(code < 0x3a ? code - 0x30 : code - 0x57);
  }
  return digits;
}

function differentDigits(digits: readonly number[]): number {
  let seen = 0;
  for (const digit of digits) seen |= 1 << digit;
  let different = 0;
  for (; seen !== 0; seen &= seen - 1) different++;
  return different;
}

/** Used anew by each count; making one takes longer than counting. */
const counts = new Uint8Array(256);

/**
 * How often the most frequent difference between values `apart` from each other occurs, modulo `modulus`; with 0, how often the
 * most frequent value does. What touches a fixed place is left out. Plain loops: this runs in every call.
 */
function mostOften(
  values: readonly number[],
  fixed: ReadonlySet<number>,
  modulus: number,
  apart: 0 | 1,
): number {
  counts.fill(0);
  let most = 0;
  for (let at = apart; at < values.length; at++) {
    if (fixed.has(at) || fixed.has(at - apart)) continue;
    const before = apart === 0 ? 0 : (values[at - apart] ?? 0);
    const difference = ((values[at] ?? 0) - before + modulus) % modulus;
    const count = (counts[difference] ?? 0) + 1;
    counts[difference] = count;
    if (count > most) most = count;
  }
  return most;
}

/** A piece of up to eight digits, over and over. */
function repeats(digits: readonly number[]): boolean {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    let at = period;
    while (at < digits.length && fits(digits, at, at - period)) at++;
    if (at === digits.length) return true;
  }
  return false;
}

function fits(digits: readonly number[], at: number, before: number): boolean {
  return digits[at] === digits[before] || FIXED_DIGITS.has(at) || FIXED_DIGITS.has(before);
}

import { contentOf, expect, structure, type DerValue } from "./der-reader.ts";
import { TAG } from "./der-scan.ts";

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Reads a Time (RFC 5280 §4.1.2.5): whole seconds in UTC, a day that exists. Throws ERR_PKI_STRUCTURE. */
export function readTime(value: DerValue | undefined): Date {
  const utc = value?.tag === TAG.utcTime;
  const content = contentOf(utc ? value : expect(value, TAG.generalizedTime, "time"));
  const fields = (utc ? UTC_TIME : GENERALIZED_TIME)
    .exec(Buffer.from(content).toString("latin1"))
    ?.slice(1)
    .map(Number);
  if (fields === undefined) throw structure(value, "time in whole seconds, UTC");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  // RFC 5280 §4.1.2.5.1: two digits from 50 on are of the last century.
  const full = utc ? year + (year >= 50 ? 1900 : 2000) : year;
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second));
  if (full < 100) date.setUTCFullYear(full);
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw structure(value, "time that exists");
  }
  return date;
}

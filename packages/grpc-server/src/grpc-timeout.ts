/** Milliseconds in each unit of gRPC's Timeout (gRPC over HTTP2, "Requests"). */
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/**
 * Reads the value of `grpc-timeout`: one to eight digits and a unit. Answers milliseconds, at most `capMs`, or
 * undefined where the value is malformed. A long value is legal, "99999999H" is what some clients send for "no end".
 */
export function parseGrpcTimeout(value: string, capMs: number): number | undefined {
  const unit = UNIT_MS[value.slice(-1)];
  const digits = value.slice(0, -1);
  if (unit === undefined || !/^\d{1,8}$/.test(digits)) return undefined;
  return Math.min(Number(digits) * unit, capMs);
}

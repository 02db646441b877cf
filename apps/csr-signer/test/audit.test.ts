import { expect, test } from "vitest";
import { createAudit, type SignedRecord } from "../src/audit.ts";

const SIGNED: SignedRecord = {
  peer: "192.0.2.7",
  tokenId: "env",
  commonName: "worker-1",
  sans: ["worker-1"],
  keyType: "ed25519",
  serial: "01",
  notAfter: "2026-06-02T00:00:00.000Z",
  dropped: [],
  leftOut: [],
};

test("every signature is told; refusals up to ten a second, then one line of counts", () => {
  let nowMs = 5_000;
  const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const audit = createAudit({
    write: (_, message, fields) => void lines.push({ message, fields }),
    monotonic: () => nowMs,
  });
  const refuse = (reason: string): void =>
    audit.refused({ peer: "192.0.2.8", method: "m", code: "Unauthenticated", reason });
  for (let i = 0; i < 25; i++) {
    refuse(i % 2 === 0 ? "token-wrong" : "token-missing");
    audit.signed(SIGNED);
  }
  expect(lines.filter(({ message }) => message === "signed")).toHaveLength(25);
  expect(lines.filter(({ message }) => message === "refused")).toHaveLength(10);

  nowMs += 1_000;
  refuse("token-wrong");
  expect(lines.slice(-2)).toEqual([
    {
      message: "refused, not told one by one",
      fields: { reasons: { "token-wrong": 8, "token-missing": 7 } },
    },
    { message: "refused", fields: expect.objectContaining({ reason: "token-wrong" }) },
  ]);
  audit.flush();
  expect(lines.at(-1)?.message).toBe("refused");
});

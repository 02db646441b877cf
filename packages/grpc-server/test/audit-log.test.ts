import { createAuditLog } from "@talos-bridge/grpc-server";
import { expect, test } from "vitest";

test("a flood of one kind of refusal does not hide another kind, nor what was granted", () => {
  let nowMs = 0;
  const told: string[] = [];
  const audit = createAuditLog({
    monotonic: () => nowMs,
    write: (_level, message, fields) => void told.push(`${message}: ${JSON.stringify(fields)}`),
  });
  for (let i = 0; i < 100; i++) audit.refused({ reason: "uuid-shape" });
  audit.refused({ reason: "refused" });
  audit.granted("unsealed", { uuid: "a" });
  expect(told.filter((line) => line.includes("uuid-shape"))).toHaveLength(5);
  expect(told.slice(-2)).toEqual(['refused: {"reason":"refused"}', 'unsealed: {"uuid":"a"}']);

  for (const reason of ["a", "b", "c", "d"]) for (let i = 0; i < 3; i++) audit.refused({ reason });
  expect(told.filter((line) => line.startsWith("refused: "))).toHaveLength(10);

  nowMs = 1_000;
  audit.refused({ reason: "uuid-shape" });
  expect(told.at(-2)).toBe('refused, not told one by one: {"reasons":{"uuid-shape":95,"b":2,"c":3,"d":3}}');
  expect(told.at(-1)).toBe('refused: {"reason":"uuid-shape"}');
});

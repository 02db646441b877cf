import { expect, test } from "vitest";
import { STAGE_PLANS, STAGES, type StagePlan, type Which } from "../src/rotation/stage.ts";

/** Before the first stage, and each stage. */
const BEFORE: Omit<StagePlan, "number" | "title"> = {
  signer: { issuing: "old", accepted: ["old"] },
  node: { ca: "old", accepted: [] },
  talosconfig: { client: "old", trusted: ["old"] },
};
const ALL = [BEFORE, ...STAGES.map((stage) => STAGE_PLANS[stage])];
const NEIGHBOURS = ALL.slice(1).map((after, index) => ({
  name: STAGES[index],
  mix: [ALL[index] ?? after, after],
}));

test.each(NEIGHBOURS)("entering $name: any mix of the two stages holds together", ({ mix }) => {
  let looked = 0;
  for (const signer of mix) {
    for (const node of mix) {
      // What a worker was last answered, by a signer before or after its turn.
      for (const answered of mix) {
        for (const people of mix) {
          looked++;
          const config: readonly Which[] = [...node.node.accepted, node.node.ca];
          // By its configuration a worker verifies signers; who takes the answer for all its trust must do as well.
          expect(config).toContain(signer.signer.issuing);
          expect(answered.signer.accepted).toContain(signer.signer.issuing);
          expect(people.talosconfig.trusted).toContain(answered.signer.issuing);
          expect(answered.signer.accepted).toContain(people.talosconfig.client);
        }
      }
    }
  }
  expect(looked).toBe(16);
});

test("two stages apart does not hold together: the order is what makes it safe", () => {
  const [before, , issue] = ALL;
  expect([...(before?.node.accepted ?? []), before?.node.ca]).not.toContain(issue?.signer.issuing);
});

test.each(STAGES)("%s: the issuing CA is the last one told", (stage) => {
  const { issuing, accepted } = STAGE_PLANS[stage].signer;
  expect(accepted.at(-1)).toBe(issuing);
});

// A few hundred of what `npm run test:fuzz` does with many: the same seed makes the same files.
import { expect, test } from "vitest";
import { createRandom } from "../fuzz/random.ts";
import { createSecretFilesFuzz } from "../fuzz/secret-files.ts";

test("mutated bundles and machine configs bring about documented errors alone, and tell no secret", async () => {
  const fuzz = createSecretFilesFuzz();
  const random = createRandom(1);
  const labels = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const { label, fault } = await fuzz.run(random);
    expect(fault).toBeUndefined();
    labels.set(label, (labels.get(label) ?? 0) + 1);
  }
  // Files that are in order and files that are not, of each kind and for many reasons: else nothing was tried.
  const read = ["show: 0, 0", "import: 0, 0", "import: 0, 1 ERR_BUNDLE_INVALID"];
  for (const label of read) expect(labels.get(label)).toBeGreaterThan(5);
  expect(labels.size).toBeGreaterThanOrEqual(12);
});

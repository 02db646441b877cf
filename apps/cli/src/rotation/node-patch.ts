import { STAGE_PLANS, type Stage, type Which } from "./stage.ts";

/**
 * The patch of a worker's machine config for a stage, as `talosctl patch machineconfig` takes it. Talos appends to a list when
 * it merges, so that one is emptied first: the result is the same however often it is applied, and on whatever was there. It
 * holds certificates alone; a worker has no key of a CA.
 */
export function nodePatch(stage: Stage, certificates: Readonly<Record<Which, string>>): string {
  const { ca, accepted } = STAGE_PLANS[stage].node;
  const crt = (which: Which): string => Buffer.from(certificates[which]).toString("base64");
  return [
    "machine:",
    "  acceptedCAs:",
    "    $patch: delete",
    "---",
    "machine:",
    "  ca:",
    `    crt: ${crt(ca)}`,
    ...(accepted.length === 0
      ? []
      : ["  acceptedCAs:", ...accepted.map((which) => `    - crt: ${crt(which)}`)]),
    "",
  ].join("\n");
}

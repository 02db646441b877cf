import { describe, expect, test } from "vitest";
import { boundaryFaults } from "../check-boundaries.ts";

const LAYERS = {
  pem: "base",
  pki: "core",
  vault: "core",
  server: "server",
  signer: "app",
  proxy: "app",
  testing: "test",
};

function graphOf(edges: readonly (readonly [string, string])[]): Parameters<typeof boundaryFaults>[0] {
  const names = Object.entries(LAYERS);
  return {
    nodes: Object.fromEntries(
      names.map(([name, layer]) => [name, { data: { root: name, tags: ["npm:public", `layer:${layer}`] } }]),
    ),
    dependencies: Object.fromEntries(
      names.map(([name]) => [
        name,
        edges.filter(([from]) => from === name).map(([, target]) => ({ target })),
      ]),
    ),
  };
}

describe("layers point one way", () => {
  const rows: { name: string; edge: readonly [string, string]; devOnly?: boolean; fault: boolean }[] = [
    { name: "core may use base", edge: ["pki", "pem"], fault: false },
    { name: "app may use core", edge: ["signer", "pki"], fault: false },
    { name: "base may not use core", edge: ["pem", "pki"], fault: true },
    { name: "core may not use another core", edge: ["pki", "vault"], fault: true },
    { name: "server may not use a core", edge: ["server", "pki"], fault: true },
    { name: "an app may not use an app", edge: ["signer", "proxy"], fault: true },
    { name: "tests of an app may use testing", edge: ["signer", "testing"], devOnly: true, fault: false },
    { name: "an app itself may not use testing", edge: ["signer", "testing"], fault: true },
    { name: "a core keeps its own fixtures", edge: ["pki", "testing"], devOnly: true, fault: true },
  ];
  test.each(rows)("$name", ({ edge, devOnly = false, fault }) => {
    const { faults, edges } = boundaryFaults(graphOf([edge]), new Set(devOnly ? [edge.join(" -> ")] : []));
    expect(edges).toBe(1);
    expect(faults).toHaveLength(fault ? 1 : 0);
  });
});

test("a graph that was not read has no edges, and a package without a layer is told", () => {
  const graph = graphOf([]);
  expect(boundaryFaults(graph, new Set()).edges).toBe(0);
  const untagged = { ...graph, nodes: { ...graph.nodes, pem: { data: { root: "pem", tags: [] } } } };
  expect(boundaryFaults(untagged, new Set()).faults).toEqual(["pem: no layer tag"]);
});

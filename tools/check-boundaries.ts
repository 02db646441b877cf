// Layers point one way: base <- core <- server <- app. The truth is each package.json, read through the Nx graph;
// knip fails an import that its package.json does not declare.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Graph {
  nodes: Record<string, { data: { root: string; tags?: string[] } }>;
  dependencies: Record<string, { target: string }[]>;
}

const MAY_DEPEND_ON: Record<string, readonly string[]> = {
  base: [],
  core: ["base"],
  server: ["base"],
  app: ["base", "core", "server"],
  test: ["base", "core"],
};
// Edges outside that table, each with its reason.
const EXCEPTIONS = new Map([
  ["@talos-bridge/secrets-bundle -> @talos-bridge/pki", "bundles hold certificates"],
  ["@talos-bridge/cli -> @talos-bridge/csr-signer", "`serve` runs it"],
  ["@talos-bridge/cli -> @talos-bridge/kms-vault", "`serve` runs it"],
]);

/** Names each faulty edge; `edges` is 0 where the graph was not read at all. */
export function boundaryFaults(
  graph: Graph,
  devOnly: ReadonlySet<string>,
): { faults: string[]; edges: number } {
  const faults: string[] = [];
  let edges = 0;
  const layerOf = (name: string): string | undefined =>
    graph.nodes[name]?.data.tags?.find((tag) => tag.startsWith("layer:"))?.slice("layer:".length);
  for (const [source, list] of Object.entries(graph.dependencies)) {
    const layer = layerOf(source);
    if (layer === undefined) faults.push(`${source}: no layer tag`);
    for (const { target } of list) {
      if (graph.nodes[target] === undefined) continue;
      edges++;
      const edge = `${source} -> ${target}`;
      const targetLayer = layerOf(target);
      if (targetLayer === "test") {
        if (!devOnly.has(edge)) faults.push(`${edge}: only tests may use it, so it is a devDependency`);
        if (layer !== "server" && layer !== "app")
          faults.push(`${edge}: cores and bases keep their own fixtures`);
        continue;
      }
      if (EXCEPTIONS.has(edge) || MAY_DEPEND_ON[layer ?? ""]?.includes(targetLayer ?? "")) continue;
      faults.push(`${edge}: ${layer ?? "?"} may not depend on ${targetLayer ?? "?"}`);
    }
  }
  return { faults, edges };
}

function readGraph(): Graph {
  const dir = mkdtempSync(join(tmpdir(), "graph-"));
  try {
    const file = join(dir, "graph.json");
    execFileSync("nx", ["graph", `--file=${file}`], { stdio: "ignore" });
    const { graph }: { graph: Graph } = JSON.parse(readFileSync(file, "utf8"));
    return graph;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function devOnlyEdges(graph: Graph): Set<string> {
  const edges = new Set<string>();
  for (const [name, { data }] of Object.entries(graph.nodes)) {
    const manifest: { devDependencies?: Record<string, string> } = JSON.parse(
      readFileSync(join(data.root, "package.json"), "utf8"),
    );
    for (const target of Object.keys(manifest.devDependencies ?? {})) edges.add(`${name} -> ${target}`);
  }
  return edges;
}

if (import.meta.main) {
  const graph = readGraph();
  const { faults, edges } = boundaryFaults(graph, devOnlyEdges(graph));
  if (edges === 0) faults.push("the graph has no edges: it was not read");
  for (const fault of faults) console.error(fault);
  console.log(`boundaries: ${edges} edges, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24)
  throw new Error(`the tests need Node 24 or newer, this is ${process.version}; run them with: npm test`);

const conditions = ["@talos-bridge/source"];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };
const roots = ["packages", "apps"].flatMap((dir) => readdirSync(dir).map((name) => `${dir}/${name}`));

export default defineConfig({
  test: {
    reporters: ["default", "./tools/vitest-count-reporter.ts"],
    testTimeout: 20_000,
    // One fewer than there are cores is the default: on two cores the files would run one after the other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [...roots, "tools"].map((root) => ({
      resolve,
      ssr,
      root,
      test: {
        name: root.replace(/^.*\//, ""),
        include: ["test/**/*.test.ts", ...(root === "tools" ? ["*/test/**/*.test.ts"] : [])],
      },
    })),
    coverage: { exclude: ["**/src/index.ts", "**/main.ts", "**/gen/**", "**/test/**", "tools/**"] },
  },
});

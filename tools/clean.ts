// Removes what builds and tests leave: the opposite of `npm run build`. Dependencies and caches outside stay.
import { readdirSync, rmSync } from "node:fs";

const folders = ["packages", "apps"].flatMap((dir) => readdirSync(dir).map((name) => `${dir}/${name}/dist`));
for (const folder of [...folders, ".nx", "coverage", ".image"])
  rmSync(folder, { recursive: true, force: true });

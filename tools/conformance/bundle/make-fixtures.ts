// Makes packages/secrets-bundle/test/fixtures/talos with Talos's own code: node tools/conformance/bundle/make-fixtures.ts
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startTalos, type WorkerOptions } from "./talos.ts";

const folder = resolve(import.meta.dirname, "../../../packages/secrets-bundle/test/fixtures/talos");

// The tests ask for configs with the same.
const PLAIN: WorkerOptions = { clusterName: "demo", endpoint: "https://10.10.10.100:6443", discovery: true };
const FULL: WorkerOptions = {
  clusterName: "demo",
  endpoint: "https://cp.example.com:6443",
  kubernetesVersion: "1.33.2",
  certSans: ["10.5.0.9", "worker.example.com"],
  installDisk: "/dev/sda",
  installImage: "factory.example.com/installer:v1",
  dnsDomain: "corp.local",
  discovery: false,
};

mkdirSync(folder, { recursive: true });
const talos = startTalos();
const save = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const path = save("secrets.yaml", await talos.text({ do: "new-bundle", contract: "1.13" }));
for (const contract of ["1.11", "1.12", "1.13"]) {
  const make = (worker: WorkerOptions): Promise<string> =>
    talos.text({ do: "worker-config", path, contract, worker });
  save(`worker-${contract}.yaml`, await make(PLAIN));
  save(`worker-${contract}-full.yaml`, await make(FULL));
}
const commented = { path, contract: "1.13", other: "comments", worker: FULL };
save("worker-commented.yaml", await talos.text({ do: "worker-config", ...commented }));
save("controlplane-commented.yaml", await talos.text({ do: "control-plane-config", ...commented }));
save("talosconfig", await talos.text({ do: "new-talosconfig", path, roles: ["os:admin"] }));
talos.stop();

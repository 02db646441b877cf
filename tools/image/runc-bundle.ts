// Turns the configuration that `runc spec` wrote into one that runs an image as a cluster would: its own entry point and
// environment, read-only root, no capabilities, the user that is asked for.
//
//   node tools/image/runc-bundle.ts CONFIG LAYOUT ROOT < {"uid": 65532, "args": [], "env": [], "mounts": []}
import { readFileSync, writeFileSync } from "node:fs";
import { readImageConfig } from "./image-config.ts";

/** Standard input. */
interface Wanted {
  readonly uid: number;
  /** What follows the image's name. */
  readonly args: readonly string[];
  /** `NAME=VALUE`, over the image's own. */
  readonly env: readonly string[];
  readonly mounts: readonly Mount[];
}

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Of runc's specification, what is read here. */
interface Spec {
  readonly process: Readonly<Record<string, unknown>>;
  readonly mounts: readonly Mount[];
  readonly linux: { readonly namespaces: readonly { readonly type: string }[]; readonly resources?: unknown };
  readonly [key: string]: unknown;
}

const TMP: Mount = {
  destination: "/tmp",
  type: "tmpfs",
  source: "tmpfs",
  options: ["nosuid", "nodev", "mode=1777", "size=1m"],
};

const [file = "", layout = "", root = ""] = process.argv.slice(2);
const { uid, args, env, mounts }: Wanted = JSON.parse(readFileSync(0, "utf8"));
const spec: Spec = JSON.parse(readFileSync(file, "utf8"));
const image = readImageConfig(layout);
// The host's loopback is the one that the test talks to.
const { resources: _, ...linux } = spec.linux;
const namespaces = linux.namespaces.filter(({ type }) => type !== "network" && type !== "cgroup");

writeFileSync(
  file,
  JSON.stringify({
    ...spec,
    root: { path: root, readonly: true },
    process: {
      ...spec.process,
      terminal: false,
      user: { uid, gid: uid },
      args: [...(image.Entrypoint ?? []), ...args],
      env: [...(image.Env ?? []), ...env],
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], permitted: [] },
    },
    mounts: [...spec.mounts, TMP, ...mounts],
    linux: { ...linux, namespaces },
  }),
);

import {
  convertPrivateKey,
  createCertificateAuthority,
  loadCertificateAuthority,
  talosClientProfile,
  type GeneratedKeyType,
} from "@talos-bridge/pki";
import { createTalosconfig, encodeTalosconfig } from "@talos-bridge/secrets-bundle";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { recordAct } from "../act-log.ts";
import { CliError } from "../cli-error.ts";
import { issueClientCertificate } from "../client-certificate.ts";
import type { CommandContext } from "../command-context.ts";
import { reason, writeOutput } from "../files.ts";
import type { World } from "../world.ts";
import type { BundleSource } from "./bundle-source.ts";
import { look } from "./look.ts";
import type { RotationFiles, RotationPorts } from "./ports.ts";
import { createReport } from "./report.ts";
import { hostOf, talosEndpoint, type FileMakers } from "./stage-files.ts";
import { stageFolder } from "./stage.ts";
import type { Pair } from "./state.ts";
import { runPatch } from "./talosctl.ts";

export interface SystemPortOptions {
  readonly dir: string;
  readonly bundle: BundleSource;
  readonly keyType: GeneratedKeyType;
  /** Milliseconds that client certificates are valid. */
  readonly clientTtl: number;
  /** The program that patches nodes; undefined = the operator does. */
  readonly talosctl: string | undefined;
  readonly auditFiles: readonly string[];
}

/** The real world for a rotation. */
export function systemPorts(context: CommandContext, options: SystemPortOptions): RotationPorts {
  const { world, signal, out } = context;
  const { dir, bundle, talosctl, auditFiles } = options;
  return {
    now: world.now,
    sleep: (ms) => delay(ms, undefined, { signal }),
    files: rotationFiles(world, dir),
    recordAct: (act) => recordAct(world, act),
    createCa: async () => {
      const made = await createCertificateAuthority({ keyType: options.keyType, now: world.now() });
      return { certificate: made.certificatePem, key: made.keyPem };
    },
    issueClient: (ca) => issueClient(ca, world.now(), options.clientTtl),
    makers: makersOf(bundle),
    look: (state) => look(context, state, { token: bundle.token, auditFiles }),
    patchNode:
      talosctl === undefined
        ? undefined
        : (node, stage) => {
            const folder = join(dir, stageFolder(stage));
            return runPatch(world, signal, {
              talosctl,
              talosconfig: join(folder, "talosconfig"),
              patch: join(folder, "node-patch.yaml"),
              node: hostOf(node),
              endpoint: talosEndpoint(node),
            });
          },
    tell: createReport(out, dir, talosctl !== undefined),
  };
}

export function rotationFiles(world: World, dir: string): RotationFiles {
  return {
    async read(path) {
      try {
        return await readFile(join(dir, path), "utf8");
      } catch (cause) {
        if (reason(cause) === "ENOENT") return undefined;
        throw new CliError("TB1002", `${join(dir, path)} can't be read: ${reason(cause)}`, { cause });
      }
    },
    write: (path, content) => writeOutput(world, join(dir, path), content, { force: true }),
  };
}

async function issueClient(ca: Pair, now: Date, lifetimeMs: number): Promise<Pair> {
  const loaded = loadCertificateAuthority({ certificates: ca.certificate, key: ca.key });
  if (!loaded.ok) throw new CliError("TB1007", "the CA can't be used");
  const { profile } = talosClientProfile(["os:admin"]);
  const issued = await issueClientCertificate(loaded.issuing, { profile, now, lifetimeMs });
  return { certificate: issued.certificatePem, key: issued.keyPem };
}

function makersOf(bundle: BundleSource): FileMakers {
  return {
    talosconfig({ contexts, ca, client }) {
      const each = contexts.map(({ name, endpoint, node }) =>
        createTalosconfig({
          context: name,
          endpoints: [endpoint],
          nodes: [node],
          ca,
          client: { crt: client.certificate, key: client.key },
        }),
      );
      const all = new Map(each.flatMap((config) => [...config.contexts]));
      return encodeTalosconfig({ context: contexts[0]?.name ?? "", contexts: all });
    },
    bundleWith: bundle.withCa,
    pkcs8: (key) => convertPrivateKey(key, "pkcs8"),
  };
}

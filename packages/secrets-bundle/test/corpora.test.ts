// Files that nobody of this project wrote, in TALOS_BRIDGE_CORPORA or shared/corpora beside the checkout. Without them this
// file is skipped.
import {
  encodeSecretsBundle,
  encodeTalosconfig,
  lintMachineConfig,
  lintSecretsBundle,
  lintTalosconfig,
  readMachineConfig,
  readSecretsBundle,
  readTalosconfig,
  secretsBundleFromMachineConfig,
} from "@talos-bridge/secrets-bundle";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { brief, codeOf, errorOf } from "./support/errors.ts";

const beside = new URL("../../../../shared/corpora", import.meta.url).pathname;
const CORPORA = process.env["TALOS_BRIDGE_CORPORA"] ?? beside;
const hasCorpora = existsSync(join(CORPORA, "MANIFEST.tsv"));
const describeCorpora: (title: string, define: () => void) => void = hasCorpora ? describe : () => {};
// One line in the count instead of one a test.
if (!hasCorpora) test.skip("the corpora are not there", () => {});

interface CorpusFile {
  readonly path: string;
  readonly kind: string;
  readonly expectation: string;
}

const FILES: readonly CorpusFile[] = hasCorpora
  ? readFileSync(join(CORPORA, "MANIFEST.tsv"), "utf8")
      .trimEnd()
      .split("\n")
      .map((row) => {
        const [path = "", , , kind = "", expectation = ""] = row.split("\t");
        return { path, kind, expectation };
      })
  : [];

const filesOf = (kind: string): readonly CorpusFile[] => FILES.filter((file) => file.kind === kind);
const read = (path: string): Buffer => readFileSync(join(CORPORA, path));
const text = (path: string): string => read(path).toString();

// Talos's bundles and talosconfigs were made in 2023.
const then = { now: new Date("2024-01-01T00:00:00Z") };

describeCorpora("bundles", () => {
  test("are there", () => {
    expect(filesOf("talos-secrets")).toHaveLength(4);
  });

  test.each(filesOf("talos-secrets"))("$path: $expectation", ({ path, expectation }) => {
    const error = errorOf(() => readSecretsBundle(read(path)));
    if (expectation === "valid") {
      expect(error).toBeUndefined();
      expect(lintSecretsBundle(read(path), then)).toEqual([]);
      expect(encodeSecretsBundle(readSecretsBundle(read(path)))).toBe(text(path).replace(/^#.*\n/, ""));
      return;
    }
    // What Talos's own test of these files says, field by field.
    const reasons: Readonly<Record<string, readonly string[]>> = {
      ERR_BUNDLE_ENCRYPTED: [],
      ERR_BUNDLE_INVALID: [
        "cluster.secret missing",
        "trustdinfo.token missing",
        "certs.etcd.key missing",
        "certs.k8saggregator.crt missing",
        "certs.k8saggregator.key missing",
        "certs.os.crt missing",
        "secrets.aescbcencryptionsecret, secrets.secretboxencryptionsecret missing",
        "certs.os.key key",
      ],
    };
    expect(brief(error?.findings ?? [])).toEqual(reasons[error?.code ?? "ok"]);
  });
});

describeCorpora("talosconfigs", () => {
  test("are there", () => {
    expect(filesOf("talosconfig")).toHaveLength(3);
  });

  test.each(filesOf("talosconfig"))("$path: valid", ({ path }) => {
    const config = readTalosconfig(read(path));
    const endpoints = [...config.contexts.values()].flatMap((context) => context.endpoints);
    expect(lintTalosconfig(read(path), then).filter(({ severity }) => severity === "error")).toEqual([]);
    // One leaves out the endpoints that talosctl writes as an empty list.
    if (endpoints.length > 0) expect(encodeTalosconfig(config)).toBe(text(path));
  });
});

// Not whole configs, though the corpora call them valid or do not say: a piece that Talos's tests put onto one.
const PATCH = /\/patch\.yaml$/;

describeCorpora("machine configs", () => {
  const configs = filesOf("talos-machineconfig");

  test("are there", () => {
    expect(configs.length).toBeGreaterThan(110);
  });

  test.each(configs.filter(({ expectation, path }) => expectation === "valid" && !PATCH.test(path)))(
    "$path: read, and found no fault with",
    ({ path }) => {
      expect(readMachineConfig(read(path)).values.size).toBeGreaterThanOrEqual(5);
      expect(lintMachineConfig(read(path), then)).toEqual([]);
    },
  );

  const controlPlanes = configs.filter(
    ({ path }) => path.includes("stability") && path.includes("controlplane"),
  );

  test.each(controlPlanes)("$path: the bundle in it is the one that it was made of", ({ path }) => {
    const wanted = readSecretsBundle(read("siderolabs_talos/types/v1alpha1/testdata/stability/secrets.yaml"));
    expect(secretsBundleFromMachineConfig(read(path))).toEqual(wanted);
  });

  test("all others: read, or refused for a reason of this list", () => {
    const reasons = new Map<string, number>();
    for (const { path } of configs) {
      const code = codeOf(() => readMachineConfig(read(path)));
      reasons.set(code, (reasons.get(code) ?? 0) + 1);
    }
    // KIND: documents of other kinds and patches alone. DOCUMENTS: a file that is made to hold two configs.
    // REDACTED, INVALID: values that stand for secrets, and certificates that are none.
    expect([...reasons.keys()].toSorted()).toEqual(["ERR_BUNDLE_DOCUMENTS", "ERR_BUNDLE_KIND", "ok"]);
    expect(reasons.get("ok")).toBeGreaterThan(70);
  });
});

describeCorpora("every file of any kind", () => {
  test("is read or refused, never more than that", () => {
    // All of what tools around Talos write, and of the thousands of other kinds a part.
    const some = FILES.filter(({ kind }, index) => kind.startsWith("tal") || index % 10 === 0);
    for (const { path, kind } of some) {
      if (kind === "kind") continue;
      const bytes = read(path);
      for (const call of [readSecretsBundle, readTalosconfig, readMachineConfig]) codeOf(() => call(bytes));
    }
    expect(some.length).toBeGreaterThan(500);
  });
});

// The command line over files that nobody of this project wrote: what it says of each, and that it tells no secret of any. In
// TALOS_BRIDGE_CORPORA or shared/corpora beside the checkout; without them this file is skipped.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { carefulLine } from "./support/careful-line.ts";
import { CORPORA, corpusFiles, hasCorpora, type CorpusFile } from "./support/corpora.ts";

const describeCorpora: (title: string, define: () => void) => void = hasCorpora ? describe : () => {};
// One line in the count instead of one a test.
if (!hasCorpora) test.skip("the corpora are not there", () => {});

const files = corpusFiles();
const ofKind = (kind: string): readonly CorpusFile[] => files.filter((file) => file.kind === kind);

/** What `config validate` finds: exit code, what it takes the file for, the errors and where. */
async function validate({ path }: CorpusFile, ...more: readonly string[]): Promise<string> {
  const { exit, stdout } = await carefulLine(["config", "validate", path, ...more, "-o", "json"], { path });
  const { files: looked }: Validation = JSON.parse(stdout);
  return looked
    .map(({ kind, findings }) => {
      const errors = findings.filter(({ severity }) => severity === "error");
      return [`${exit} ${kind}`, ...errors.map(({ path: place, code }) => `${place} ${code}`.trim())].join(
        ", ",
      );
    })
    .join("; ");
}

interface Validation {
  readonly files: readonly {
    readonly kind: string;
    readonly findings: readonly { readonly severity: string; readonly path: string; readonly code: string }[];
  }[];
}

/** Exit code and error of a reading command, of which neither prints a secret on standard output unasked. */
async function read(command: "show" | "import", { path }: CorpusFile): Promise<string> {
  const argv = command === "show" ? ["--secrets", path] : ["--from-controlplane", path, "--out", "-"];
  const { exit, id, stderr } = await carefulLine(
    ["secrets", command, ...argv],
    { path },
    {
      printsSecrets: command === "import",
    },
  );
  return [exit, id, /ERR_\w+/.exec(stderr)?.[0] ?? ""].filter((part) => part !== "").join(" ");
}

/** What `pki inspect` finds in a file, with the exit code. */
async function inspect({
  path,
}: CorpusFile): Promise<{ readonly exit: number; readonly kinds: readonly string[] }> {
  const { exit, stdout } = await carefulLine(["pki", "inspect", path, "-o", "json"], { path });
  const { items }: { items: readonly { kind: string; code?: string }[] } = JSON.parse(stdout);
  return { exit, kinds: items.map(({ kind, code }) => code ?? kind) };
}

const STABILITY = "siderolabs_talos/types/v1alpha1/testdata/stability";

describeCorpora("bundles", () => {
  test.each([
    {
      name: "siderolabs_talos/generate/secrets/testdata/secrets.yaml",
      validated: "0 secrets bundle",
      shown: "0",
    },
    { name: `${STABILITY}/secrets.yaml`, validated: "0 secrets bundle", shown: "0" },
    {
      name: "siderolabs_talos/generate/secrets/testdata/invalid-secrets.yaml",
      validated: [
        "3 secrets bundle",
        "cluster.secret missing",
        "trustdinfo.token missing",
        "certs.etcd.key missing",
        "certs.k8saggregator.crt missing",
        "certs.k8saggregator.key missing",
        "certs.os.crt missing",
        "secrets.aescbcencryptionsecret, secrets.secretboxencryptionsecret missing",
        "certs.os.key key",
      ].join(", "),
      shown: "1 TB1006 ERR_BUNDLE_INVALID",
    },
    {
      name: "talhelper/example/talsecret.yaml",
      validated: "3 secrets bundle, encrypted",
      shown: "1 TB1006 ERR_BUNDLE_ENCRYPTED",
    },
  ])("$name", async ({ name, validated, shown }) => {
    const file = ofKind("talos-secrets").find((each) => each.name === name);
    if (file === undefined) throw new Error("not there");
    expect(await validate(file)).toBe(validated);
    expect(await read("show", file)).toBe(shown);
    expect(await read("import", file)).toMatch(/^1 TB1008 ERR_BUNDLE_(?:KIND|ENCRYPTED)$/);
  });

  test("are all there", () => {
    expect(ofKind("talos-secrets")).toHaveLength(4);
  });

  test("the search for secrets itself finds one", async () => {
    const path = join(CORPORA, STABILITY, "secrets.yaml");
    const revealed = carefulLine(["secrets", "show", "--secrets", path, "--reveal"], { path });
    await expect(revealed).rejects.toThrow("tells a secret of the file");
  });
});

describeCorpora("talosconfigs", () => {
  test("are there", () => {
    expect(ofKind("talosconfig")).toHaveLength(3);
  });

  test.each(ofKind("talosconfig"))("$name: in order, and its client verifies", async (file) => {
    const { path } = file;
    expect(await validate(file)).toBe("0 talosconfig");
    expect(await inspect(file)).toEqual({ exit: 0, kinds: ["certificate", "certificate", "private-key"] });
    const verified = await carefulLine(["pki", "verify", path, "--ca", path], { path });
    expect(verified).toMatchObject({ exit: 0, stderr: "" });
    const other = join(CORPORA, STABILITY, "secrets.yaml");
    expect(await carefulLine(["pki", "verify", path, "--ca", other], { path })).toMatchObject({ exit: 3 });
    expect(await read("show", file)).toBe("1 TB1006 ERR_BUNDLE_KIND");
  });
});

// A file with this is not a whole config, though the corpora call one of them valid: a patch of Talos's tests.
const PATCH = /\/patch\.yaml$/;

describeCorpora("machine configs", () => {
  const configs = ofKind("talos-machineconfig");
  const valid = configs.filter(({ expectation, name }) => expectation === "valid" && !PATCH.test(name));

  test("are there", () => {
    expect(configs.length).toBeGreaterThan(110);
    expect(valid.length).toBeGreaterThanOrEqual(30);
  });

  test.each(valid)("$name: in order, and of the bundle that it was made of", async (file) => {
    const secrets = join(CORPORA, STABILITY, "secrets.yaml");
    expect(await validate(file, "--secrets", secrets)).toBe("0 machine config");
    const { path, name } = file;
    if (name.endsWith("worker.yaml")) {
      expect(await read("import", file)).toBe("1 TB1008 ERR_BUNDLE_INVALID");
      return;
    }
    const imported = await carefulLine(
      ["secrets", "import", "--from-controlplane", path, "--out", "-"],
      { path },
      { printsSecrets: true },
    );
    expect(imported).toMatchObject({ exit: 0, stdout: readFileSync(secrets, "utf8").replace(/^#.*\n/, "") });
  });

  // Of all others the sources say nothing.
  const REASONS: Readonly<Record<string, string>> = {
    "0 machine config": "a whole config",
    "3 machine config, missing": "a piece of a config, without what a node needs to be trusted and to trust",
    "3 machine config, key-on-worker missing": "a piece that gives a worker the key of service accounts",
    "3 machine config, not-yet-valid": "a config of after the day that these tests are run on",
    "3 machine config, unreadable": "no config of Talos's first kind, or two of them",
    "3 machine config, encrypted": "SOPS",
    "3 secrets bundle, unreadable": "a patch without a head, or another tool's own file",
    "3 secrets bundle, encrypted": "SOPS",
  };

  test("all others: in order, or refused for a reason of this list", async () => {
    const seen = new Set<string>();
    const oddly: string[] = [];
    for (const file of [...configs, ...ofKind("talhelper-config")]) {
      if (valid.includes(file)) continue;
      const [head = "", ...errors] = (await validate(file)).split(", ");
      const codes = [...new Set(errors.map((each) => each.split(" ").at(-1) ?? ""))].toSorted();
      const verdict = codes.length === 0 ? head : `${head}, ${codes.join(" ")}`;
      seen.add(verdict);
      const [shown, imported, { exit }] = [
        await read("show", file),
        await read("import", file),
        await inspect(file),
      ];
      const isControlPlane = /^ +type: controlplane\b/m.test(readFileSync(file.path, "utf8"));
      const whole = verdict === "0 machine config" || verdict.endsWith("not-yet-valid");
      if (!shown.startsWith("1 TB1006 ERR_BUNDLE_")) oddly.push(`${file.name}: show ${shown}`);
      if ((imported === "0") !== (whole && isControlPlane)) oddly.push(`${file.name}: import ${imported}`);
      if (whole && exit !== 0) oddly.push(`${file.name}: not inspected`);
    }
    expect([...seen].toSorted()).toEqual(Object.keys(REASONS).toSorted());
    expect(oddly).toEqual([]);
  });
});

import { readSecretsBundle, readTalosconfig } from "@talos-bridge/secrets-bundle";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { JOIN_TOKEN, makeBundle } from "./support/bundle.ts";
import { commandLine, NOW, scratchDir, type Outcome } from "./support/command-line.ts";

let bundle = "";
beforeAll(async () => {
  bundle = await makeBundle(NOW);
});

interface Place {
  readonly dir: string;
  readonly secrets: string;
  readonly auditLog: string;
}

function newPlace(text = bundle): Place {
  const scratch = scratchDir();
  const secrets = join(scratch, "secrets.yaml");
  writeFileSync(secrets, text, { mode: 0o600 });
  return { dir: join(scratch, "rotation"), secrets, auditLog: join(scratch, "audit.log") };
}

// Nobody listens there.
const HOSTS = ["--nodes", "127.0.0.1:9,127.0.0.2:9", "--signer", "127.0.0.1:9"];

async function rotate(
  place: Place,
  argv: readonly string[],
  hosts: readonly string[] = HOSTS,
): Promise<Outcome> {
  const interrupted = new AbortController();
  return commandLine(["ca", "rotate", ...argv, "--secrets", place.secrets, "--dir", place.dir, ...hosts], {
    env: { TALOS_BRIDGE_AUDIT_LOG: place.auditLog },
    interrupted: interrupted.signal,
    // It would wait for evidence: Ctrl-C as soon as it does.
    onStderr: (text) => void (text.includes("waiting for") && interrupted.abort()),
  });
}

test("plan says what would be done, stage by stage, and leaves nothing behind", async () => {
  const place = newPlace();
  const { exit, stdout } = await rotate(place, ["plan", "--key-type", "p256", "-o", "json"]);
  expect(exit).toBe(0);
  const plan: unknown = JSON.parse(stdout);
  expect(plan).toMatchObject({ kind: "RotationPlan", newCa: { keyType: "p256" }, signers: ["127.0.0.1:9"] });
  expect(stdout.match(/"who": "nodes"/g)).toHaveLength(3);
  expect(existsSync(place.dir) || existsSync(place.auditLog)).toBe(false);
});

test("start is a dry run unless it is told otherwise", async () => {
  const place = newPlace();
  const { exit, stdout, stderr } = await rotate(place, ["start"]);
  expect(exit).toBe(0);
  expect(stdout).toContain("the new CA issues");
  expect(stderr).toContain("--dry-run=false does it");
  expect(existsSync(place.dir) || existsSync(place.auditLog)).toBe(false);
});

test("start begins, writes the stage's files for their owner alone, waits, and goes on with the same CA", async () => {
  const place = newPlace();
  const first = await rotate(place, ["start", "--dry-run=false", "--context", "demo"]);
  expect(first.exit).toBe(130);
  const stage = join(place.dir, "stage-1-accept");
  expect(readdirSync(place.dir).toSorted()).toEqual(["rotation.json", "stage-1-accept"]);
  expect(readdirSync(join(stage, "signer")).toSorted()).toEqual(["accepted-cas.pem", "ca.crt", "ca.key"]);
  for (const path of ["../rotation.json", "signer/ca.key", "talosconfig", "node-patch.yaml"]) {
    expect(statSync(join(stage, path)).mode & 0o777).toBe(0o600);
  }
  const { contexts, context } = readTalosconfig(readFileSync(join(stage, "talosconfig")));
  expect([...contexts.keys()]).toEqual(["demo@127.0.0.1:9", "demo@127.0.0.2:9"]);
  expect(context).toBe("demo@127.0.0.1:9");
  expect(contexts.get(context)?.ca?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);

  const state = readFileSync(join(place.dir, "rotation.json"), "utf8");
  const again = await rotate(place, ["start", "--dry-run=false"], []);
  expect(again.exit).toBe(130);
  expect(readFileSync(join(place.dir, "rotation.json"), "utf8")).toBe(state);
  expect(existsSync(join(place.dir, "rotation.lock"))).toBe(false);

  const acts = readFileSync(place.auditLog, "utf8").trim().split("\n");
  expect(acts.map((line) => /"act":"(?<act>[^"]+)"/.exec(line)?.groups?.["act"])).toEqual([
    "create-ca",
    "issue-client-certificate",
    "issue-client-certificate",
    "write-ca-key",
  ]);
});

test("nothing that is printed or logged holds a secret", async () => {
  const place = newPlace();
  const outcomes = [
    await rotate(place, ["start", "--dry-run=false", "-v"]),
    await rotate(place, ["status", "-o", "json", "-v"]),
    await rotate(place, ["finish", "-v"]),
    await rotate(place, ["plan", "-o", "json"]),
  ];
  const { certs, cluster } = readSecretsBundle(bundle);
  const said =
    outcomes.map(({ stdout, stderr }) => stdout + stderr).join() + readFileSync(place.auditLog, "utf8");
  for (const secret of [JOIN_TOKEN, cluster.secret, "PRIVATE KEY", ...certs.os.key.split("\n").slice(1, 2)]) {
    expect(said).not.toContain(secret);
  }
});

test("status lists what is missing, and exits 3", async () => {
  const place = newPlace();
  await rotate(place, ["start", "--dry-run=false"]);
  const { exit, stdout } = await rotate(place, ["status"], []);
  expect(exit).toBe(3);
  expect(stdout).toMatch(/^stage: accept/);
  expect(stdout).toContain("node 127.0.0.2:9");
  expect(stdout).toContain("ECONNREFUSED");
});

test("nodes can be taken out, and what the operator says of them is kept", async () => {
  const place = newPlace();
  await rotate(place, ["start", "--dry-run=false"]);
  await rotate(
    place,
    ["start", "--dry-run=false", "--patched", "accept=127.0.0.2"],
    ["--nodes", "127.0.0.2:9"],
  );
  const state: unknown = JSON.parse(readFileSync(join(place.dir, "rotation.json"), "utf8"));
  expect(state).toMatchObject({
    nodes: ["127.0.0.2:9"],
    patched: [{ node: "127.0.0.2:9", stage: "accept", by: "operator", done: true }],
  });
});

test.each([
  { name: "start without nodes", argv: ["start"], hosts: [], id: "TB1001", begun: false },
  {
    name: "a dry run that is neither true nor false",
    argv: ["start", "--dry-run=perhaps"],
    hosts: HOSTS,
    id: "TB1001",
    begun: false,
  },
  {
    name: "--patched without a stage",
    argv: ["start", "--patched", "all"],
    hosts: HOSTS,
    id: "TB1001",
    begun: false,
  },
  {
    name: "--patched of a stranger",
    argv: ["start", "--dry-run=false", "--patched", "accept=10.9.9.9"],
    hosts: [],
    id: "TB1001",
    begun: true,
  },
  {
    name: "--patched of a stage to come",
    argv: ["start", "--dry-run=false", "--patched", "forget=all"],
    hosts: [],
    id: "TB1103",
    begun: true,
  },
  { name: "status before anything", argv: ["status"], hosts: [], id: "TB1103", begun: false },
  { name: "finish before anything", argv: ["finish"], hosts: [], id: "TB1103", begun: false },
  {
    name: "finish in the first stage",
    argv: ["finish", "--dry-run=false"],
    hosts: [],
    id: "TB1103",
    begun: true,
  },
])("refuses $name with $id", async ({ argv, hosts, id, begun }) => {
  const place = newPlace();
  if (begun) await rotate(place, ["start", "--dry-run=false"]);
  const { exit, stdout, stderr } = await rotate(place, argv, hosts);
  expect(exit).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(id);
});

test("refuses a bundle of another CA, and one that is none", async () => {
  const place = newPlace();
  await rotate(place, ["start", "--dry-run=false"]);
  const other = { ...place, secrets: newPlace(await makeBundle(NOW)).secrets };
  expect((await rotate(other, ["status"], [])).stderr).toContain("TB1103");
  const none = { ...place, secrets: newPlace("machine: {}\n").secrets };
  expect((await rotate(none, ["status"], [])).stderr).toContain("TB1006");
});

test.each(["--nodes", "--signer", "--signer-audit", "--patched"])(
  "%s of nobody is refused: a rotation that asks nobody would go on at once",
  async (option) => {
    const place = newPlace();
    await rotate(place, ["start", "--dry-run=false"]);
    const state = readFileSync(join(place.dir, "rotation.json"), "utf8");
    for (const value of ["", ","]) {
      const argv = ["start", "--dry-run=false", option, option === "--patched" ? "accept=," : value];
      const { exit, stderr } = await rotate(place, argv, []);
      expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining("It must") });
    }
    expect(readFileSync(join(place.dir, "rotation.json"), "utf8")).toBe(state);
  },
);

test("--until a stage that was left says nothing of the one that is under way", async () => {
  const place = newPlace();
  await rotate(place, ["start", "--dry-run=false"]);
  const path = join(place.dir, "rotation.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"stage": "accept"', '"stage": "issue"'));
  const { exit, stderr } = await rotate(place, ["start", "--dry-run=false", "--until", "accept"], []);
  expect(exit).toBe(0);
  expect(stderr).not.toContain("the new CA issues everywhere");
});

test("a folder that everybody may write to is refused: its state could be anybody's", async () => {
  const place = newPlace();
  mkdirSync(place.dir, { recursive: true });
  chmodSync(place.dir, 0o1777);
  for (const command of [["plan"], ["start", "--dry-run=false"]]) {
    const { exit, stderr } = await rotate(place, command);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining("TB1101") });
  }
  expect(readdirSync(place.dir)).toEqual([]);
});

test("a second run at the same time is refused; the lock of one that was killed is taken over", async () => {
  const place = newPlace();
  mkdirSync(place.dir, { recursive: true });
  const lock = join(place.dir, "rotation.lock");
  const write = (pid: number, host = hostname()): void =>
    writeFileSync(lock, JSON.stringify({ host, pid, id: "x" }));
  write(process.pid);
  const refused = await rotate(place, ["start", "--dry-run=false"]);
  expect(refused.stderr).toContain(`TB1102`);
  expect(existsSync(join(place.dir, "rotation.json"))).toBe(false);
  write(process.pid, "another-host");
  expect((await rotate(place, ["start", "--dry-run=false"])).stderr).toContain("TB1102");
  const { pid } = spawnSync(process.execPath, ["-e", "0"]);
  write(pid);
  expect((await rotate(place, ["start", "--dry-run=false"])).exit).toBe(130);
  expect(existsSync(lock)).toBe(false);
});

test("no act with a CA's key where it can't be written down", async () => {
  const place = newPlace();
  const { exit, stderr } = await rotate({ ...place, auditLog: place.secrets + "/no/folder" }, [
    "start",
    "--dry-run=false",
  ]);
  expect(exit).toBe(1);
  expect(stderr).toContain("TB1005");
  expect(readdirSync(place.dir)).toEqual([]);
});

import { convertPrivateKey } from "@talos-bridge/pki";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { evidenceOf } from "../src/rotation/evidence.ts";
import type { SeenNode, SeenSigner, Sights } from "../src/rotation/sight.ts";
import { stageFiles, type FileMakers } from "../src/rotation/stage-files.ts";
import { STAGES, type Stage } from "../src/rotation/stage.ts";
import type { RotationState } from "../src/rotation/state.ts";
import { runPatch } from "../src/rotation/talosctl.ts";
import { scratchDir } from "./support/command-line.ts";
import { makeAuthority, NODES, SIGNER, START, type Authority } from "./support/simulated-cluster.ts";

const [NODE] = NODES;
let old: Authority;
let next: Authority;
let stranger: Authority;
let state: RotationState;
beforeAll(async () => {
  [old, next, stranger] = await Promise.all([makeAuthority(), makeAuthority(), makeAuthority()]);
  state = {
    stage: "accept",
    startedAt: START.toISOString(),
    stageSince: START.toISOString(),
    nodes: [NODE],
    signers: [SIGNER],
    context: "demo",
    oldCertificate: old.pair.certificate,
    newCa: next.pair,
    clients: { old: old.pair, new: next.pair },
    patched: STAGES.map((stage) => ({
      node: NODE,
      stage,
      by: "operator",
      done: true,
      at: START.toISOString(),
    })),
  };
});

/** What a stage asks for, all there. */
function arrived(stage: Stage): { node: SeenNode; signer: SeenSigner } {
  const issuing = stage === "accept" ? old : next;
  const accepted = { accept: [next, old], issue: [old, next], forget: [next] }[stage];
  return {
    node: { chain: [issuing.leaf], accepts: { old: stage !== "forget", new: true } },
    signer: {
      chain: [issuing.leaf],
      leaf: issuing.leaf,
      accepted: accepted.map(({ certificate }) => certificate),
    },
  };
}

function missing(
  stage: Stage,
  seen: { node: SeenNode | string; signer: SeenSigner | string },
  more: Partial<RotationState> = {},
  signedSerials?: Sights["signedSerials"],
): readonly string[] {
  const sights = {
    nodes: new Map([[NODE, seen.node]]),
    signers: new Map([[SIGNER, seen.signer]]),
    signedSerials,
  };
  return evidenceOf(stage, { ...state, ...more }, sights, START)
    .filter(({ ok }) => !ok)
    .map(({ kind, what }) => `${kind} ${what}`);
}

test.each(STAGES)("%s: nothing is missing where all is there", (stage) => {
  expect(missing(stage, arrived(stage))).toEqual([]);
});

describe("what is missing", () => {
  test.each([
    {
      name: "a signer that issues with the old CA still",
      stage: "issue",
      change: (s: SeenSigner) => ({ ...s, leaf: old.leaf }),
      want: ["signer issues with the new CA"],
    },
    {
      name: "a signer whose serving certificate is the old CA's",
      stage: "issue",
      change: (s: SeenSigner) => ({ ...s, chain: [old.leaf] }),
      want: ["signer serves with a certificate of the new CA"],
    },
    {
      name: "a signer that tells the issuing CA first",
      stage: "issue",
      change: (s: SeenSigner) => ({ ...s, accepted: s.accepted.toReversed() }),
      want: ["signer tells workers to trust the old CA, then the new CA"],
    },
    {
      name: "a signer that tells a third CA too",
      stage: "forget",
      change: (s: SeenSigner) => ({ ...s, accepted: [stranger.certificate, ...s.accepted] }),
      want: ["signer tells workers to trust the new CA"],
    },
    {
      name: "a signer that tells the old CA still",
      stage: "forget",
      change: (s: SeenSigner) => ({ ...s, accepted: [old.certificate, ...s.accepted] }),
      want: ["signer tells workers to trust the new CA"],
    },
  ] as const)("of $name", ({ stage, change, want }) => {
    const seen = arrived(stage);
    expect(missing(stage, { ...seen, signer: change(seen.signer) })).toEqual(want);
  });

  test.each([
    {
      name: "a node that shows the old CA's certificate",
      stage: "issue",
      change: (n: SeenNode) => ({ ...n, chain: [old.leaf] }),
      want: ["node serves with a certificate of the new CA"],
    },
    {
      name: "a node that shows a stranger's certificate",
      stage: "accept",
      change: (n: SeenNode) => ({ ...n, chain: [stranger.leaf] }),
      want: ["node serves with a certificate of the old CA"],
    },
    {
      name: "a node that does not know the new CA",
      stage: "accept",
      change: (n: SeenNode) => ({ ...n, accepts: { old: true, new: false } }),
      want: ["node lets in clients of the new CA"],
    },
    {
      name: "a node that lets in the old CA's clients",
      stage: "forget",
      change: (n: SeenNode) => ({ ...n, accepts: { old: true, new: true } }),
      want: ["node refuses clients of the old CA"],
    },
  ] as const)("of $name", ({ stage, change, want }) => {
    const seen = arrived(stage);
    expect(missing(stage, { ...seen, node: change(seen.node) })).toEqual(want);
  });

  test.each([
    { stage: "accept", want: 4 },
    { stage: "issue", want: 5 },
  ] as const)("of what can't be reached: everything", ({ stage, want }) => {
    expect(missing(stage, { node: "no connection", signer: "no connection" })).toHaveLength(want);
  });

  test("of a signer behind a worker: its certificate is of the right CA, and has another name", () => {
    const seen = arrived("issue");
    const sights = {
      nodes: new Map([[NODE, seen.node]]),
      signers: new Map([["10.5.0.9:50001", seen.signer]]),
      signedSerials: undefined,
    };
    const evidence = evidenceOf("issue", { ...state, signers: ["10.5.0.9:50001"] }, sights, START);
    expect(evidence.filter(({ ok }) => !ok).map(({ what }) => what)).toEqual([
      "serves with a certificate of the new CA",
    ]);
  });

  test("of a node that is not patched, or where that was begun and its end is not known", () => {
    const want = ["node has the patch of this stage"];
    expect(missing("issue", arrived("issue"), { patched: [] })).toEqual(want);
    const begun = state.patched.map((each) => ({ ...each, done: false }));
    expect(missing("issue", arrived("issue"), { patched: begun })).toEqual(want);
  });

  test("of another host's certificate behind a node's address", () => {
    const elsewhere = "10.5.0.9:50000";
    const patched = state.patched.map((each) => ({ ...each, node: elsewhere }));
    const { node, signer } = arrived("issue");
    const sights = {
      nodes: new Map([[elsewhere, node]]),
      signers: new Map([[SIGNER, signer]]),
      signedSerials: undefined,
    };
    const evidence = evidenceOf("issue", { ...state, nodes: [elsewhere], patched }, sights, START);
    expect(evidence.filter(({ ok }) => !ok).map(({ missing: why }) => why)).toEqual([
      expect.stringContaining("10.5.0.9"),
    ]);
  });

  test("of a certificate that the audit does not have", () => {
    const seen = arrived("issue");
    expect(missing("issue", seen, {}, new Set([next.leaf.serialNumber]))).toEqual([]);
    expect(missing("issue", seen, {}, new Set([old.leaf.serialNumber]))).toEqual([
      "node serves with a certificate that is in the signer's audit",
    ]);
  });
});

test("of the signer's files a stage changes the pair or the list, never both", () => {
  const makers: FileMakers = {
    talosconfig: () => "",
    bundleWith: () => "",
    pkcs8: (key) => convertPrivateKey(key, "pkcs8"),
  };
  const contents = STAGES.map((stage) => {
    const files = stageFiles(stage, state, old.pair, makers);
    const of = (name: string): string | undefined =>
      files.find(({ path }) => path.endsWith(`/signer/${name}`))?.content;
    return { pair: [of("ca.crt"), of("ca.key")], list: of("accepted-cas.pem") };
  });
  const [accept, issue, forget] = contents;
  expect(accept?.list).toBe(issue?.list);
  expect(accept?.pair).not.toEqual(issue?.pair);
  expect(issue?.pair).toEqual(forget?.pair);
  expect(issue?.list).not.toBe(forget?.list);
});

describe("talosctl", () => {
  const run = async (script: string | undefined, timeoutMs?: number): Promise<string | undefined> => {
    const talosctl = join(scratchDir(), "talosctl");
    if (script !== undefined) {
      writeFileSync(talosctl, `#!/bin/sh\n${script}\n`);
      chmodSync(talosctl, 0o755);
    }
    const command = {
      talosctl,
      talosconfig: "/t",
      patch: "/p; exit 9",
      node: "10.5.0.3",
      endpoint: "10.5.0.3",
    };
    const world = { env: { PATH: process.env["PATH"] } };
    return runPatch(world, new AbortController().signal, command, timeoutMs);
  };

  test("gets its arguments as they are, without a shell", async () => {
    const want = [
      "patch",
      "machineconfig",
      "--talosconfig",
      "/t",
      "--endpoints",
      "10.5.0.3",
      "--nodes",
      "10.5.0.3",
    ];
    expect(
      await run(`test "$*" = "${want.join(" ")} --mode no-reboot --patch @/p; exit 9" && test $# = 12`),
    ).toBeUndefined();
  });

  test("that fails is told by its status, and by no word of what it prints but a gRPC code", async () => {
    expect(await run('echo "token: canary; rpc error: code = Unavailable desc = canary" >&2; exit 3')).toBe(
      "talosctl ended with status 3: Unavailable",
    );
    expect(await run("echo canary >&2; exit 1")).toBe("talosctl ended with status 1");
    expect(
      await run('echo "rpc error: code = PermissionDenied desc = no request forwarding" >&2; exit 1'),
    ).toBe("talosctl ended with status 1: PermissionDenied, it takes the node's address for another node's");
  });

  test("that hangs is killed, even where it would rather not be", async () => {
    expect(await run("trap '' TERM; while :; do sleep 0.1; done", 100)).toBe(
      "talosctl did not end within 0.1 s",
    );
  });

  test("that is not there ends the run", async () => {
    await expect(run(undefined)).rejects.toMatchObject({ id: "TB2101" });
  });
});

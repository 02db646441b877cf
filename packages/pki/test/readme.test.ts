import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

/** Examples of the README by the heading they stand under, in order. */
function examples(): readonly { readonly heading: string; readonly code: string }[] {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const parts = readme.split(/^## /m).slice(1);
  return parts.flatMap((part) => {
    const heading = part.slice(0, part.indexOf("\n"));
    return [...part.matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => ({ heading, code }));
  });
}

async function run(code: string): Promise<unknown> {
  const folder = mkdtempSync(join(import.meta.dirname, "readme-"));
  try {
    const file = join(folder, "example.ts");
    writeFileSync(file, code);
    const { shown } = await import(pathToFileURL(file).href);
    return shown;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const MIXED = "files of two clusters, or of before and after a rotation?";

// What each example shows, in the README's order.
const SHOWN: readonly (readonly [heading: string, shown: unknown])[] = [
  [
    "Authorities",
    {
      os: ["O=talos", "2039-12-30T00:00:00.000Z", "-----BEGIN ED25519 PRIVATE KEY----"],
      rotated: "ecdsa-p256",
      etcd: ["O=etcd", "ecdsa-p256"],
      serviceAccount: "-----BEGIN EC PRIVATE KEY-----",
    },
  ],
  ["Authorities", { loaded: "O=talos", mixed: ["key does not belong to any of the CA certificates"] }],
  [
    "A worker's certificate",
    {
      subject: "CN=worker-1",
      ipAddresses: ["10.5.0.4"],
      notAfter: "2030-01-02T00:00:00.000Z",
      leftOut: [{ name: "10.5.0.1", reason: "own-name" }],
    },
  ],
  ["A client of the Talos API", { subject: "O=os:future, O=os:reader", unknownRoles: ["os:future"] }],
  [
    "Chains",
    [
      "ok",
      'wrong name: the certificate CN=worker-1 is valid for worker-1, 10.5.0.4, and not for "10.5.0.5"',
      "missing client-auth usage: the certificate CN=worker-1 may not be used by a client",
      `same name, other key: the certificate CN=worker-1 was signed with another key than that of O=talos, or was changed: ${MIXED}`,
      "expired: the certificate CN=worker-1 expired on 2030-01-02T00:00:00.000Z",
    ],
  ],
  ["Accepted CAs", [["ecdsa-p256", "ed25519"], ["ed25519"]]],
  [
    "Inspection",
    {
      subject: "O=talos",
      usage: ["serverAuth", "clientAuth"],
      warnings: [{ code: "expired", message: "expired on 2039-12-30T00:00:00.000Z" }],
      format: "talos",
      pair: true,
    },
  ],
  [
    "Keys",
    {
      labels: [
        "-----BEGIN ED25519 PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ED25519 PRIVATE KEY-----",
      ],
      same: true,
      refused: "ERR_PKI_KEY_FORMAT: SEC 1 holds ECDSA keys, and this is a key of type ed25519",
    },
  ],
  ["Renewal", [true, "2030-01-10T00:00:00.000Z"]],
];

test("every example is there", () => {
  expect(examples().map(({ heading }) => heading)).toEqual(SHOWN.map(([heading]) => heading));
});

test.each(SHOWN.map(([heading, shown], index) => ({ heading, shown, index })))(
  "example $index, $heading: does what it says",
  async ({ shown, index }) => {
    expect(await run(examples()[index]?.code ?? "")).toEqual(shown);
  },
);

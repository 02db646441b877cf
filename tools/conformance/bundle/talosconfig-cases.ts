import {
  generateKey,
  issueCertificate,
  loadCertificateAuthority,
  talosClientProfile,
} from "@talos-bridge/pki";
import {
  createTalosconfig,
  encodeTalosconfig,
  lintTalosconfig,
  mergeTalosconfig,
  readTalosconfig,
  type CertificateAndKey,
} from "@talos-bridge/secrets-bundle";
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import type { Case, Material } from "./material.ts";

/** Talosconfigs, and what must be refused. */
export function talosconfigCases({ talos, save, clock, later, ours, oursPath }: Material): readonly Case[] {
  return [
    [
      "a talosconfig gives the real client a TLS configuration",
      async () => {
        const config = createTalosconfig({
          context: "demo",
          endpoints: ["10.5.0.2", "10.5.0.3"],
          nodes: ["10.5.0.4"],
          ca: ours.certs.os.crt,
          client: await clientOf(ours.certs.os, clock.now),
        });
        deepStrictEqual(await talos.ask({ do: "open-talosconfig", path: save(encodeTalosconfig(config)) }), {
          context: "demo",
          endpoints: ["10.5.0.2", "10.5.0.3"],
          nodes: ["10.5.0.4"],
          roles: "os:admin",
        });
      },
    ],
    [
      "Talos's own talosconfig is read, found no fault with and written again as it is",
      async () => {
        const text = await talos.text({ do: "new-talosconfig", path: oursPath, roles: ["os:admin"] });
        deepStrictEqual(lintTalosconfig(text, later), []);
        strictEqual(encodeTalosconfig(readTalosconfig(text)), text);
      },
    ],
    [
      "talosconfigs are merged as talosctl merges them",
      async () => {
        const make = (name: string): Promise<string> =>
          talos.text({ do: "new-talosconfig", path: oursPath, roles: [name] });
        const [base, added] = [await make("os:admin"), await make("os:reader")];
        const { merged, renames } = mergeTalosconfig(readTalosconfig(base), readTalosconfig(added));
        deepStrictEqual(await talos.ask({ do: "merge-talosconfig", path: save(base), other: save(added) }), {
          merged: encodeTalosconfig(merged),
          renames: renames.map(({ from, to }) => `${from}=${to}`),
        });
      },
    ],
    [
      "Talos finds fault with what is broken, so that passing means something",
      async () => {
        const { os, etcd } = ours.certs;
        await rejects(talos.ask({ do: "validate-bundle", path: save("cluster:\n    id: a\n") }));
        await rejects(
          talos.ask({ do: "validate-config", path: save("version: v1alpha1\nmachine:\n    type: worker\n") }),
        );
        const mixed = createTalosconfig({
          context: "a",
          endpoints: [],
          ca: os.crt,
          client: { crt: os.crt, key: etcd.key },
        });
        await rejects(talos.ask({ do: "open-talosconfig", path: save(encodeTalosconfig(mixed)) }));
      },
    ],
  ];
}

/** A certificate of a bundle's CA for a client of the Talos API. */
async function clientOf(ca: CertificateAndKey, now: Date): Promise<CertificateAndKey> {
  const loaded = loadCertificateAuthority({ certificates: ca.crt, key: ca.key });
  if (!loaded.ok) throw new Error("the bundle's CA can't be loaded");
  const key = await generateKey("ed25519");
  const { pem } = await issueCertificate(loaded.issuing, {
    profile: talosClientProfile(["os:admin"]).profile,
    names: { commonName: "", dnsNames: [], ipAddresses: [] },
    spki: key.publicKey.spki,
    now,
    lifetimeMs: 3_600_000,
  });
  return { crt: pem, key: String(key.key.export({ type: "pkcs8", format: "pem" })) };
}

import { toStandardLabel, toTalosEd25519Label } from "@talos-bridge/pem";
import { expect, test } from "vitest";

const der = Uint8Array.of(1);

const ROWS = [
  { label: "ED25519 PRIVATE KEY", standard: "PRIVATE KEY", talos: "ED25519 PRIVATE KEY" },
  { label: "PRIVATE KEY", standard: "PRIVATE KEY", talos: "ED25519 PRIVATE KEY" },
  { label: "EC PRIVATE KEY", standard: "EC PRIVATE KEY", talos: "EC PRIVATE KEY" },
  { label: "RSA PRIVATE KEY", standard: "RSA PRIVATE KEY", talos: "RSA PRIVATE KEY" },
  { label: "CERTIFICATE", standard: "CERTIFICATE", talos: "CERTIFICATE" },
];

test.each(ROWS)("$label", ({ label, standard, talos }) => {
  expect(toStandardLabel({ label, der })).toEqual({ label: standard, der });
  expect(toTalosEd25519Label({ label, der })).toEqual({ label: talos, der });
});

import {
  encodeKmsPatch,
  kmsEndpointFindings,
  parseKmsEndpoint,
  readMachineConfig,
  type KmsPatchInput,
} from "@talos-bridge/secrets-bundle";
import { describe, expect, test } from "vitest";
import { codeOf } from "./support/errors.ts";

describe("an endpoint, as Talos dials it", () => {
  const rows = [
    {
      name: "https",
      text: "https://kms.example.com:4050",
      want: { host: "kms.example.com", port: 4050, tls: true },
    },
    {
      name: "https without a port",
      text: "https://10.5.0.2",
      want: { host: "10.5.0.2", port: 443, tls: true },
    },
    { name: "grpcs", text: "grpcs://kms:4050", want: { host: "kms", port: 4050, tls: true } },
    { name: "http, dialled with TLS", text: "http://kms:4050", want: { host: "kms", port: 4050, tls: true } },
    { name: "grpc", text: "grpc://kms:4050", want: { host: "kms", port: 4050, tls: false } },
    { name: "grpc in capitals", text: "GRPC://kms:4050", want: { host: "kms", port: 4050, tls: false } },
    { name: "no scheme", text: "kms:4050", want: { host: "kms", port: 4050, tls: false } },
    { name: "no scheme, IPv6", text: "[fd00::1]:4050", want: { host: "[fd00::1]", port: 4050, tls: false } },
    { name: "a query", text: "https://kms:4050?a=b", want: { host: "kms", port: 4050, tls: true } },
  ];
  test.each(rows)("$name", ({ text, want }) => {
    expect(parseKmsEndpoint(text)).toEqual(want);
  });

  test.each([
    "",
    "https://",
    "https://:4050",
    "https://a b:1",
    "https://kms:0",
    "https://kms:65536",
    "https://user@kms:1",
    "kms:4050 ",
  ])("%j can't be dialled", (text) => {
    expect(codeOf(() => parseKmsEndpoint(text))).toBe("ERR_BUNDLE_INPUT");
    expect(kmsEndpointFindings(text, "p")).toMatchObject([{ code: "kms-endpoint", severity: "error" }]);
  });

  test.each([
    { text: "https://kms:4050", want: [] },
    { text: "grpcs://kms:4050", want: [] },
    { text: "grpc://kms:4050", want: ["error kms-plaintext"] },
    { text: "kms:4050", want: ["error kms-plaintext"] },
    { text: "http://kms:4050", want: ["warning kms-endpoint"] },
    { text: "htps://kms:4050", want: ["warning kms-endpoint"] },
  ])("$text is found $want", ({ text, want }) => {
    expect(kmsEndpointFindings(text, "p").map(({ code, severity }) => `${severity} ${code}`)).toEqual(want);
  });
});

describe("a patch", () => {
  const endpoint = "https://kms.example.com:4050";

  test("of VolumeConfig documents", () => {
    expect(encodeKmsPatch({ endpoint, volumes: ["STATE", "EPHEMERAL"] })).toBe(`apiVersion: v1alpha1
kind: VolumeConfig
name: STATE
encryption:
    provider: luks2
    keys:
        - slot: 0
          kms:
              endpoint: ${endpoint}
---
apiVersion: v1alpha1
kind: VolumeConfig
name: EPHEMERAL
encryption:
    provider: luks2
    keys:
        - slot: 0
          kms:
              endpoint: ${endpoint}
`);
  });

  test("of the machine config, with a passphrase for the day when the KMS is lost", () => {
    const text = encodeKmsPatch({
      endpoint,
      volumes: ["EPHEMERAL"],
      form: "machine-config",
      slot: 1,
      recoveryPassphrase: "0123",
    });
    expect(text).toBe(`machine:
    systemDiskEncryption:
        ephemeral:
            provider: luks2
            keys:
                - kms:
                      endpoint: ${endpoint}
                  slot: 1
                - static:
                      passphrase: "0123"
                  slot: 2
`);
    expect(readMachineConfig(text).kmsEndpoints).toHaveLength(1);
  });

  const rows: { name: string; change: Partial<KmsPatchInput>; want: string }[] = [
    { name: "no TLS", change: { endpoint: "grpc://kms:4050" }, want: "ERR_BUNDLE_INPUT" },
    { name: "no scheme", change: { endpoint: "kms:4050" }, want: "ERR_BUNDLE_INPUT" },
    { name: "no TLS, on purpose", change: { endpoint: "kms:4050", allowPlaintext: true }, want: "ok" },
    { name: "no host", change: { endpoint: "https://", allowPlaintext: true }, want: "ERR_BUNDLE_INPUT" },
    { name: "no volume", change: { volumes: [] }, want: "ERR_BUNDLE_INPUT" },
    { name: "a volume twice", change: { volumes: ["STATE", "STATE"] }, want: "ERR_BUNDLE_INPUT" },
    { name: "slot -1", change: { slot: -1 }, want: "ERR_BUNDLE_INPUT" },
    { name: "slot 31", change: { slot: 31 }, want: "ERR_BUNDLE_INPUT" },
    { name: "slot 0.5", change: { slot: 0.5 }, want: "ERR_BUNDLE_INPUT" },
  ];
  test.each(rows)("$name: $want", ({ change, want }) => {
    expect(codeOf(() => encodeKmsPatch({ endpoint, volumes: ["STATE"], ...change }))).toBe(want);
  });
});

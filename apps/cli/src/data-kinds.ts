type JsonType = "string" | "number" | "boolean" | "array" | "object";

/** One kind of data that commands print: its fields by JSON type; a name that ends in `?` may be absent. */
export interface DataKind {
  readonly command: string;
  readonly fields: Readonly<Record<string, JsonType>>;
}

/** Every kind of data, by the `kind` in it. `talos-bridge schema` prints them as JSON Schema. */
export const DATA_KINDS = {
  Diagnosis: { command: "doctor", fields: { ok: "boolean", checks: "array" } },
  Init: { command: "init", fields: { folder: "string", next: "array" } },
  Inspection: { command: "pki inspect", fields: { items: "array" } },
  Renewal: { command: "pki needs-renewal", fields: { due: "boolean", certificates: "array" } },
  RotationPlan: {
    command: "ca rotate plan",
    fields: {
      "oldCa?": "object",
      "newCa?": "object",
      "nodes?": "array",
      "signers?": "array",
      steps: "array",
    },
  },
  RotationStatus: {
    command: "ca rotate status",
    fields: {
      stage: "string",
      startedAt: "string",
      stageSince: "string",
      nodes: "array",
      signers: "array",
      "evidence?": "array",
    },
  },
  RoundTrip: {
    command: "kms roundtrip",
    fields: { nodeUuid: "string", sealMs: "number", unsealMs: "number" },
  },
  SealedKey: { command: "kms seal", fields: { nodeUuid: "string", sealedData: "string" } },
  SecretsBundle: { command: "secrets show", fields: { fields: "array" } },
  SecretsField: { command: "secrets extract", fields: { field: "string", value: "string" } },
  SignedCertificate: {
    command: "csr test",
    fields: {
      subject: "string",
      names: "array",
      notBefore: "string",
      notAfter: "string",
      acceptedCas: "number",
      ms: "number",
    },
  },
  UnsealedKey: { command: "kms unseal", fields: { nodeUuid: "string", passphrase: "string" } },
  Validation: { command: "config validate", fields: { files: "array" } },
  VaultPolicy: { command: "kms policy", fields: { policy: "string" } },
  VaultSetup: {
    command: "kms setup",
    fields: { applied: "boolean", "commands?": "array", "results?": "array" },
  },
  Verification: { command: "pki verify", fields: { ok: "boolean", certificates: "array" } },
  Version: { command: "version", fields: { version: "string", revision: "string", node: "string" } },
} as const satisfies Readonly<Record<string, DataKind>>;

export type DataKindName = keyof typeof DATA_KINDS;

/** The JSON Schema (2020-12) of one kind. */
export function schemaOf(kind: DataKindName, apiVersion: string): Readonly<Record<string, unknown>> {
  const fields = Object.entries<JsonType>(DATA_KINDS[kind].fields).map(
    ([name, type]) => [name.replace(/\?$/, ""), type, name.endsWith("?")] as const,
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: kind,
    type: "object",
    properties: {
      apiVersion: { const: apiVersion },
      kind: { const: kind },
      ...Object.fromEntries(fields.map(([name, type]) => [name, { type }])),
    },
    required: ["apiVersion", "kind", ...fields.flatMap(([name, , optional]) => (optional ? [] : [name]))],
    additionalProperties: false,
  };
}

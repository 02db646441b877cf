import type { FindingNote } from "./note.ts";

/** Of secrets bundles, machine configs and talosconfigs. */
export const FILE_FINDINGS = {
  unreadable: {
    title: "a file that can't be read",
    cause: "Not YAML, not text, too large, or in several documents where one is expected.",
    cure: "The message names line and column.",
  },
  encrypted: {
    title: "values are encrypted with SOPS",
    cause: "The file was checked in encrypted, and was not decrypted before use.",
    cure: "`sops -d secrets.yaml | talos-bridge … -`: the secrets need not touch the disk.",
  },
  redacted: {
    title: "values were taken out",
    cause: "The file is what a tool shows to people: secrets are replaced by a mark.",
    cure: "Take the file itself: of a machine, `talosctl get mc v1alpha1 -o yaml`; of a cluster, the bundle it was made from.",
  },
  spelling: {
    title: "a field is spelled as talosctl does not read it",
    cause: "Fields are spelled as in some guides, with capitals. talosctl reads lower case alone.",
    cure: "`talos-bridge secrets import FILE` writes the bundle as talosctl does.",
  },
  missing: {
    title: "a field is missing",
    cause: "The file was cut, made by hand, or is of another kind.",
    cure: "Take the whole file. `talos-bridge secrets generate` shows what a bundle has.",
  },
  ambiguous: {
    title: "two fields that exclude each other",
    cause: "Both encryption secrets are set, and Talos takes one of them.",
    cure: "Keep the one that the cluster uses: secretbox since Talos 1.3.",
  },
  type: {
    title: "a value of the wrong type",
    cause: "A number, a list or a mapping stands where text must.",
    cure: "Put the value in quotes.",
  },
  base64: {
    title: "a value that is not base64",
    cause: "PEM was put in as it is, or the value was cut.",
    cure: "Talos wants the base64 of the PEM text: `base64 -w0 FILE`.",
  },
  context: {
    title: "a talosconfig's context is not usable",
    cause: "The context that is selected is not there, or lacks certificate, key or CA.",
    cure: "`talosctl config contexts` lists them. Make a new one with `talos-bridge config talosconfig`.",
  },
  "foreign-ca": {
    title: "the CA of another cluster",
    cause: "The file has another CA than the secrets bundle: they were made from different secrets.",
    cure: "Make the file anew from the bundle that the cluster has.",
  },
  "foreign-value": {
    title: "a value of another cluster, or of another use",
    says: ["Unauthenticated: invalid token"],
    cause:
      "The file has another value than the secrets bundle. A common one: `machine.token` is `trustdinfo.token`; `secrets.bootstraptoken` and `cluster.token` are the kubelet's.",
    cure: "`talos-bridge secrets extract trustdinfo.token` gives the one for `machine.token` and `TALOS_TOKEN`.",
  },
  "key-on-worker": {
    title: "a CA's key in a worker's configuration",
    cause:
      "The configuration of a control plane was given to a worker: whoever reads it can make administrators.",
    cure: "Make the worker's anew with `talos-bridge config worker`, and rotate the CA if the file has left your hands.",
  },
  "token-shape": {
    title: "a token of an odd shape",
    cause:
      "Join tokens are 6 and 16 lower-case letters or digits with a point between. A space, a newline or quotes were taken along, or it is another secret.",
    cure: "`talos-bridge secrets extract trustdinfo.token` prints it alone.",
  },
  "secret-shape": {
    title: "a secret of an odd shape",
    cause: "It is not the base64 of 32 bytes.",
    cure: "Take it from the bundle that the cluster was made from. Changing it locks the cluster out of its own data.",
  },
  endpoint: {
    title: "an endpoint that is no address",
    cause: "It lacks the scheme, or has a path, a user, or a port out of range.",
    cure: "The control plane's is `https://HOST:PORT`; a talosconfig's is `HOST` or `HOST:PORT`.",
  },
} as const satisfies Readonly<Record<string, FindingNote>>;

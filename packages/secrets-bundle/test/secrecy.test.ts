// No error and no finding, nor anything that hangs on it, holds a piece of a file's values.
import {
  addAcceptedCa,
  createTalosconfig,
  encodeKmsPatch,
  encodeTalosconfig,
  encodeWorkerConfig,
  FIELD_PATHS,
  kmsEndpointFindings,
  lintMachineConfig,
  lintSecretsBundle,
  lintTalosconfig,
  parseKmsEndpoint,
  parseTalosVersion,
  readField,
  readMachineConfig,
  readSecretsBundle,
  readTalosconfig,
  removeAcceptedCa,
  replaceAuthority,
  replaceMachineCa,
  secretsBundleFromKubernetesPki,
  secretsBundleFromMachineConfig,
  setField,
} from "@talos-bridge/secrets-bundle";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { base64, fixture, NOW, SECRETS } from "./support/fixtures.ts";

const CANARY = "canary-7fQ2-dead-beef";
const bundle = readSecretsBundle(SECRETS);
/** Comments hold nothing secret, and cost the time of twelve readers. */
const plain = (text: string): string => text.replaceAll(/^ *#.*\n| # .*$/gm, "");
const controlPlane = plain(fixture("talos/controlplane-commented.yaml"));
const worker = plain(fixture("talos/worker-commented.yaml"));
const talosconfig = fixture("talos/talosconfig");

/** Everything secret of the fixtures, in the forms in which it could leak: whole values, and lines of keys. */
const SECRETS_KNOWN: readonly string[] = [
  ...FIELD_PATHS.filter(
    (path) => path !== "secrets.aescbcencryptionsecret" && !path.endsWith(".crt"),
  ).flatMap((path) => {
    const value = readField(bundle, path);
    return value.includes("-----")
      ? value.split("\n").filter((line) => !line.includes("-----") && line !== "")
      : [value];
  }),
  CANARY,
  base64(CANARY).replaceAll("=", ""),
];

/** An error or a list of findings, with all that hangs on it. */
function everythingOf(call: () => unknown): string {
  try {
    const value = call();
    return Array.isArray(value) ? JSON.stringify(value) : "";
  } catch (error) {
    // The stack repeats the message and names files of this project; `showHidden` finds what is not enumerable.
    return inspect(error, { depth: 10, showHidden: true, getters: true });
  }
}

function leaksOf(calls: readonly (() => unknown)[]): readonly string[] {
  const told = calls.map(everythingOf).join("\n");
  return SECRETS_KNOWN.filter((secret) => told.includes(secret));
}

function readersOf(text: string): readonly (() => unknown)[] {
  const clock = { now: NOW, bundle };
  return [
    () => readSecretsBundle(text),
    () => readMachineConfig(text),
    () => secretsBundleFromMachineConfig(text),
    () => readTalosconfig(text),
    () => lintSecretsBundle(text, clock),
    () => lintMachineConfig(text, clock),
    () => lintTalosconfig(text, clock),
    () => setField(text, "trustdinfo.token", CANARY),
    () => replaceAuthority(text, "os", bundle.certs.etcd),
    () => replaceMachineCa(text, bundle.certs.etcd),
    () => addAcceptedCa(text, bundle.certs.etcd.crt),
    () => removeAcceptedCa(text, bundle.certs.etcd.crt),
  ];
}

// What may stand in a value's place by mistake.
const FORMS: readonly { name: string; form: string }[] = [
  { name: "the canary", form: CANARY },
  { name: "quoted, without an end", form: `"${CANARY}` },
  { name: "in a list", form: `[${CANARY}]` },
  { name: "as a key", form: `{${CANARY}: a, ${CANARY}: b}` },
  { name: "as an alias", form: `*${CANARY}` },
  { name: "as a tag", form: `!${CANARY} a` },
  { name: "as an anchor", form: `&${CANARY} &${CANARY} a` },
  { name: "behind an escape that is none", form: `"\\q${CANARY}"` },
  { name: "with a colon", form: `${CANARY}: ${CANARY}: ${CANARY}` },
  { name: "with a tab", form: `\n\t${CANARY}` },
  { name: "in base64", form: base64(CANARY) },
  { name: "as the label of PEM", form: base64(`-----BEGIN ${CANARY}-----\nAAAA\n-----END ${CANARY}-----\n`) },
  { name: "inside PEM", form: base64(`-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----\n`) },
  {
    name: "as a header of PEM",
    form: base64(`-----BEGIN PRIVATE KEY-----\nProc-Type: ${CANARY}\n\nAAAA\n-----END PRIVATE KEY-----\n`),
  },
  { name: "before PEM", form: base64(`${CANARY}\n${bundle.certs.os.key}`) },
  { name: "a key in a certificate's place", form: base64(bundle.certs.os.key) },
  { name: "in SOPS's clothes", form: `ENC[AES256_GCM,data:${CANARY}]` },
  { name: "as an endpoint", form: `grpc://${CANARY}@${CANARY}` },
];

describe.each([
  { file: "a bundle", text: SECRETS },
  { file: "a control plane's config", text: controlPlane },
  { file: "a worker's config", text: worker },
  { file: "a talosconfig", text: talosconfig },
])("$file", ({ text }) => {
  // Values that hold secrets or certificates; those of settings are many and alike.
  const places = [...text.matchAll(/(?<=^ *(?:- )?[a-zA-Z0-9]+: )[A-Za-z0-9+/=_.-]{23,}$/gm)];
  /** The text with this form in the places of these numbers. */
  const withForm = (form: string, ...numbers: readonly number[]): string =>
    numbers.toReversed().reduce((changed, number) => {
      const { index, 0: value } = places[number] ?? { index: 0, 0: "" };
      return changed.slice(0, index) + form + changed.slice(index + value.length);
    }, text);

  test("itself tells nothing", () => {
    expect(leaksOf(readersOf(text))).toEqual([]);
  });

  test.each(FORMS.map((row, number) => ({ ...row, number })))(
    "$name, in a value's place",
    ({ form, number }) => {
      expect(places.length).toBeGreaterThan(2);
      const texts = [withForm(form, ...places.keys()), withForm(form, number % places.length)];
      for (const changed of texts) expect(leaksOf(readersOf(changed))).toEqual([]);
    },
  );

  test("cut off anywhere", () => {
    for (let at = 1; at < text.length; at += Math.ceil(text.length / 12))
      expect(leaksOf(readersOf(text.slice(0, at)))).toEqual([]);
  });
});

test("arguments are not repeated either", async () => {
  const made = { bundle, talosVersion: "1.13", clusterName: "a", endpoint: "https://a:1" } as const;
  const calls: readonly (() => unknown)[] = [
    () => readField(bundle, CANARY),
    () => setField(SECRETS, CANARY, CANARY),
    () => parseTalosVersion(CANARY),
    () => parseKmsEndpoint(`https://${CANARY}@`),
    () => kmsEndpointFindings(`${CANARY} `, "a"),
    () => encodeKmsPatch({ endpoint: CANARY, volumes: ["STATE"], recoveryPassphrase: CANARY }),
    () => encodeWorkerConfig({ ...made, endpoint: CANARY }),
    () => encodeWorkerConfig({ ...made, kubernetesVersion: CANARY }),
    () => replaceAuthority(SECRETS, "os", { crt: CANARY, key: CANARY }),
    () => replaceMachineCa(worker, { crt: bundle.certs.os.crt, key: CANARY }),
    () => addAcceptedCa(worker, CANARY),
    () => removeAcceptedCa(worker, CANARY),
    () =>
      readTalosconfig(
        encodeTalosconfig(
          createTalosconfig({
            context: "a",
            endpoints: [],
            ca: CANARY,
            client: { crt: CANARY, key: CANARY },
          }),
        ).replace("key: ", "key: :"),
      ),
  ];
  expect(leaksOf(calls)).toEqual([]);
  const failed: unknown = await secretsBundleFromKubernetesPki({
    now: NOW,
    readFile: async () => CANARY,
    bootstrapToken: CANARY,
  }).catch((error: unknown) => error);
  expect(inspect(failed, { depth: 10, showHidden: true })).not.toContain(CANARY);
});

test("the search itself finds a leak", () => {
  const leaking = (): never => {
    throw new Error("outer", { cause: new Error(`inner ${CANARY}`) });
  };
  expect(leaksOf([leaking])).toEqual([CANARY]);
  expect(leaksOf([() => [{ message: bundle.trustdInfo.token }]])).toEqual([bundle.trustdInfo.token]);
});

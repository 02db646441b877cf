// Mutated requests to kms-vault, on both of its backends. What is right follows from the request as it was decoded: only the
// node's own ciphertext, whole, opens; all else is refused with the one code and text of its kind, and nothing is thrown.
import { Code, ConnectError } from "@connectrpc/connect";
import { fromBinary, toBinary, create } from "@bufbuild/protobuf";
import { KmsRequestSchema, type KmsRequest } from "@talos-bridge/api";
import { openKeyring } from "@talos-bridge/keyring";
import { VaultError, type Transit } from "@talos-bridge/vault";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createKeyringBackend } from "../../apps/kms-vault/src/keyring-backend.ts";
import { createTransitBackend } from "../../apps/kms-vault/src/transit-backend.ts";
import { createTestService, type TestService } from "../../apps/kms-vault/test/support/service.ts";
import { mutateBytes } from "./mutate-request.ts";
import type { Random } from "./random.ts";

interface Backend {
  readonly service: TestService;
  /** How its ciphertexts begin. */
  readonly prefix: RegExp;
  /** Of each node. */
  readonly sealed: ReadonlyMap<string, Uint8Array>;
}

export interface KmsFuzz {
  /** One request; what was wrong with the answer, if anything. `label` is the kind of answer, for the sum. */
  run(random: Random): Promise<{ readonly label: string; readonly fault?: string }>;
}

const NODES = ["4d4f5a1c-7b0e-4c1d-9a3f-2b6c8d0e1f23", "4c4c4544-0039-3010-8048-b7c04f384432"];
const DISK_KEY = Buffer.from("the disk key, 32 bytes of it ...");
const SHAPE = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const REFUSED = "PermissionDenied: the data can't be unsealed for this node";
const MALFORMED = "InvalidArgument: the data is no ciphertext of this KMS";
const NO_UUID = "InvalidArgument: the node UUID is not 8-4-4-4-12 hexadecimal digits";

export async function createKmsFuzz(keyringPath: string): Promise<KmsFuzz> {
  const keyring = await openKeyring(keyringPath, { create: true });
  const transit = createTransitBackend({
    transit: transitInMemory(),
    keyPolicy: "upsert",
    sealSize: DISK_KEY.length,
    now: () => 0,
    wait: () => Promise.resolve(),
  });
  const backends: readonly Backend[] = [
    await sealFor(createKeyringBackend(keyring), /^tbk:v1:[1-9][0-9]{0,8}:/),
    await sealFor(transit, /^vault:v[1-9][0-9]{0,8}:/),
  ];
  return {
    async run(random) {
      const backend = random.pick(backends);
      const node = random.pick(NODES);
      const own = backend.sealed.get(node) ?? new Uint8Array();
      const others = backends.flatMap(({ sealed }) => [...sealed.values()]);
      const seals = random.chance(5);
      const data = seals ? mutatedKey(random) : random.chance(3) ? own : mutatedText(random, own, others);
      const nodeUuid = random.chance(2) ? node : mutatedUuid(random, node);
      const bytes = encoded(random, create(KmsRequestSchema, { nodeUuid, data }));
      let request: KmsRequest;
      try {
        request = fromBinary(KmsRequestSchema, bytes);
      } catch {
        return { label: "unreadable" };
      }
      const told = Buffer.from(bytes).toString("base64");
      return seals ? judgeSeal(backend, request, told) : judgeUnseal(backend, request, told);
    },
  };
}

async function sealFor(backend: ReturnType<typeof createTransitBackend>, prefix: RegExp): Promise<Backend> {
  const service = createTestService({ backend, policy: { mode: "relaxed" }, sealBurst: 1e9 });
  const sealed = new Map<string, Uint8Array>();
  for (const nodeUuid of NODES) {
    sealed.set(nodeUuid, (await service.kms.seal({ nodeUuid, data: DISK_KEY })).data);
  }
  return { service, prefix, sealed };
}

async function judgeUnseal(
  { service, prefix, sealed }: Backend,
  request: KmsRequest,
  told: string,
): ReturnType<KmsFuzz["run"]> {
  const { nodeUuid, data } = request;
  const own = sealed.get(nodeUuid.toLowerCase());
  const text = Buffer.from(data).toString("latin1");
  const want = !SHAPE.test(nodeUuid)
    ? NO_UUID
    : own !== undefined && Buffer.compare(own, data) === 0
      ? "OK"
      : prefix.test(text)
        ? REFUSED
        : MALFORMED;
  const got = await answerOf(service.kms.unseal({ nodeUuid, data }));
  const right = got.label === want && (want !== "OK" || Buffer.compare(got.data, DISK_KEY) === 0);
  return { label: got.label, ...(!right && { fault: `unseal ${told}: ${got.label}, wanted ${want}` }) };
}

async function judgeSeal(
  { service }: Backend,
  { nodeUuid, data }: KmsRequest,
  told: string,
): ReturnType<KmsFuzz["run"]> {
  const size = "InvalidArgument: Seal takes exactly 32 bytes";
  const want = !SHAPE.test(nodeUuid) ? NO_UUID : data.length === 32 ? "OK" : size;
  const got = await answerOf(service.kms.seal({ nodeUuid, data }));
  if (got.label !== want) return { label: got.label, fault: `seal ${told}: ${got.label}, wanted ${want}` };
  if (want !== "OK") return { label: want };
  const again = await answerOf(service.kms.unseal({ nodeUuid, data: got.data }));
  const same = again.label === "OK" && Buffer.compare(again.data, data) === 0;
  return { label: "sealed", ...(!same && { fault: `seal ${told}: does not unseal: ${again.label}` }) };
}

async function answerOf(
  call: Promise<{ readonly data: Uint8Array }>,
): Promise<{ readonly label: string; readonly data: Uint8Array }> {
  try {
    const { data } = await call;
    return { label: "OK", data };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { label: `${Code[code]}: ${rawMessage}`, data: new Uint8Array() };
  }
}

const PIECES = [
  "/",
  "..",
  "%2e%2e",
  "\0",
  "\r\n",
  "\u212a",
  "\uff15",
  "\u0430",
  "\u202e",
  " ",
  "-",
  "g",
  "A",
  "0",
];

function mutatedUuid(random: Random, node: string): string {
  const at = random.int(node.length + 1);
  return random.pick([
    () => node.toUpperCase(),
    () => node.slice(0, at) + random.pick(PIECES) + node.slice(at + random.int(3)),
    () => node.slice(0, at),
    () => node.replaceAll("-", ""),
    () => node.repeat(1 + random.int(300)),
    () => `${"../".repeat(random.int(5))}${node}`,
    () => random.pick(NODES),
    () => Buffer.from(random.bytes(random.int(48))).toString("utf8"),
    () => node.replace(/[0-9a-f]/g, (digit) => (random.chance(12) ? digit.toUpperCase() : digit)),
  ])();
}

function mutatedKey(random: Random): Uint8Array {
  return random.chance(2) ? random.bytes(32) : random.bytes(random.pick([0, 1, 31, 33, 64, 500]));
}

/** Ciphertexts are text: prefix, version, base64 of nonce, ciphertext and tag. */
function mutatedText(random: Random, own: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.from(own).toString("latin1");
  const colon = text.lastIndexOf(":") + 1;
  const [prefix, base64] = [text.slice(0, colon), text.slice(colon)];
  const raw = Buffer.from(base64, "base64");
  const at = random.int(raw.length);
  return random.pick([
    () => {
      raw[at] = (raw[at] ?? 0) ^ (1 << random.int(8));
      return Buffer.from(prefix + raw.toString("base64"));
    },
    () => Buffer.from(prefix + raw.subarray(0, at).toString("base64")),
    () => Buffer.from(prefix + Buffer.concat([raw, random.bytes(1 + random.int(20))]).toString("base64")),
    () => Buffer.from(prefix + base64.slice(0, random.int(base64.length))),
    () =>
      Buffer.from(
        prefix + base64.slice(0, at) + random.pick(["\n", "\r\n", "=", " ", "-", "\0"]) + base64.slice(at),
      ),
    () =>
      Buffer.from(
        prefix.replace("v1:", `v${random.pick(["0", "01", "2", "999999999", "9999999999", "", "-1"])}:`) +
          base64,
      ),
    () => Buffer.from(prefix.toUpperCase() + base64),
    () => Buffer.from(` ${text}`),
    () => Buffer.from(`${text}${random.pick(["\n", "\0", "=", "A"])}`),
    () => Buffer.from(base64),
    () => random.bytes(random.int(200)),
    () => random.pick(others),
    () => mutateBytes(random, own),
  ])();
}

/** The message's bytes, now and then as no encoder writes them. */
function encoded(random: Random, message: KmsRequest): Uint8Array {
  const bytes = toBinary(KmsRequestSchema, message);
  if (!random.chance(4)) return bytes;
  const field = (number: number, type: number, body: Uint8Array): Buffer =>
    Buffer.concat([Uint8Array.of((number << 3) | type), body]);
  return random.pick([
    () => mutateBytes(random, bytes),
    () => bytes.subarray(0, random.int(bytes.length + 1)),
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.concat([bytes, field(1, 2, Uint8Array.of(1, 0x2f))]),
    () => Buffer.concat([bytes, field(1, 2, Uint8Array.of(2, 0xc3, 0x28))]),
    () => Buffer.concat([bytes, field(2, 0, Uint8Array.of(1))]),
    () => Buffer.concat([field(15, 2, Uint8Array.of(3, 1, 2, 3)), bytes]),
    () => Buffer.concat([bytes, field(3, 3, Uint8Array.of())]),
    () => Buffer.concat([bytes, field(2, 2, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f))]),
    () =>
      Buffer.concat([bytes, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1)]),
    () => new Uint8Array(),
  ])();
}

/** The transit engine as far as a KMS sees it: a key a name, its decoder as lenient as Go's. */
function transitInMemory(): Transit {
  const keys = new Map<string, Buffer>();
  return {
    async encrypt({ key: name, plaintext }) {
      const key = keys.get(name) ?? randomBytes(32);
      keys.set(name, key);
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return { ciphertext: `vault:v1:${sealed.toString("base64")}`, keyVersion: 1 };
    },
    async decrypt({ key: name, ciphertext }) {
      const key = keys.get(name);
      if (key === undefined) throw new VaultError("ERR_VAULT_KEY_NOT_FOUND", "no such key");
      const [, , version = "", body = ""] = /^(vault:v(\d+):)(.*)$/s.exec(ciphertext) ?? [];
      const sealed = Buffer.from(body.replaceAll(/[\r\n]/g, ""), "base64");
      if (version !== "1" || sealed.length < 28) throw new VaultError("ERR_VAULT_REJECTED", "rejected");
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
      decipher.setAuthTag(sealed.subarray(-16));
      try {
        const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
        return { plaintext, keyVersion: 1 };
      } catch (cause) {
        throw new VaultError("ERR_VAULT_REJECTED", "rejected", { cause });
      }
    },
  };
}

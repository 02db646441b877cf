// An OpenBao in one process, for what needs no real one: tokens, approle, transit. Its refusals are a real server's, word
// for word: tools/integration-openbao asks one for each of them.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";

export interface OpenBaoAnswer {
  readonly status: number;
  readonly body: unknown;
}

export type RefusalName =
  | "keyNotFound"
  | "otherKey"
  | "tooShort"
  | "versionTooNew"
  | "keyCannotEncrypt"
  | "forbidden"
  | "badToken"
  | "noMount"
  | "rateLimited"
  | "sealed";

/** What a real server answers, by name. */
export const OPENBAO_ANSWERS: Readonly<Record<RefusalName, OpenBaoAnswer>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/openbao-answers.json"), "utf8"),
);

export interface FakeOpenBao {
  readonly address: string;
  /** A token that is taken from the start. */
  readonly token: string;
  /** Requests in their order: `POST transit/encrypt/NAME`. */
  readonly requests: readonly string[];
  /** Answers in place of the fake's own; undefined: its own. A promise holds the answer back; a string is sent as it is, with 200. */
  script: (request: string) => Scripted | undefined | Promise<Scripted | undefined>;
  /** Tokens that are good now, logins' among them. */
  readonly tokens: Set<string>;
  close(): Promise<void>;
}

type Scripted = OpenBaoAnswer | string;

export async function startFakeOpenBao(): Promise<FakeOpenBao> {
  const keys = new Map<string, Buffer>();
  const requests: string[] = [];
  const tokens = new Set(["hvs.given-token-of-the-test"]);
  let logins = 0;

  function transit(action: string, name: string, body: Readonly<Record<string, string>>): OpenBaoAnswer {
    let key = keys.get(name);
    if (action === "encrypt") {
      if (key === undefined) keys.set(name, (key = randomBytes(32)));
      return ok({ ciphertext: encrypt(key, body["plaintext"] ?? ""), key_version: 1 });
    }
    if (key === undefined) return OPENBAO_ANSWERS.keyNotFound;
    const plaintext = decrypt(key, body["ciphertext"] ?? "");
    return typeof plaintext === "string" ? ok({ plaintext }) : plaintext;
  }

  function answer(path: string, token: string, body: Readonly<Record<string, string>>): OpenBaoAnswer {
    if (path === "sys/health") return { status: 200, body: { sealed: false, version: "2.7.2" } };
    if (path === "auth/approle/login") {
      const made = `hvs.made-by-login-number-${++logins}`;
      tokens.add(made);
      return { status: 200, body: { auth: { client_token: made, lease_duration: 3600, renewable: true } } };
    }
    if (!tokens.has(token)) return OPENBAO_ANSWERS.badToken;
    if (path === "auth/token/revoke-self") {
      tokens.delete(token);
      return { status: 204, body: undefined };
    }
    if (path === "auth/token/lookup-self") return ok({ ttl: 3600, renewable: true });
    const [mount, action = "", name = ""] = path.split("/");
    return mount === "transit" ? transit(action, name, body) : OPENBAO_ANSWERS.noMount;
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    const path = (request.url ?? "").replace(/^\/v1\//, "");
    const line = `${request.method} ${path}`;
    if (path !== "sys/health") requests.push(line);
    const scripted = await fake.script(line);
    const given = request.headers["x-vault-token"];
    const { status, body } =
      typeof scripted === "string"
        ? { status: 200, body: undefined }
        : (scripted ??
          answer(path, typeof given === "string" ? given : "", text === "" ? {} : JSON.parse(text)));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof scripted === "string" ? scripted : JSON.stringify(body));
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const fake: FakeOpenBao = {
    address: `http://127.0.0.1:${port}`,
    token: "hvs.given-token-of-the-test",
    requests,
    script: () => undefined,
    tokens,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

function ok(data: unknown): OpenBaoAnswer {
  return { status: 200, body: { data } };
}

function encrypt(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const parts = [nonce, cipher.update(plaintext, "base64"), cipher.final(), cipher.getAuthTag()];
  return `vault:v1:${Buffer.concat(parts).toString("base64")}`;
}

/** The plaintext's base64, or the refusal. */
function decrypt(key: Buffer, text: string): string | OpenBaoAnswer {
  if (!text.startsWith("vault:v1:")) return OPENBAO_ANSWERS.versionTooNew;
  const sealed = Buffer.from(text.slice("vault:v1:".length), "base64");
  if (sealed.length < 28) return OPENBAO_ANSWERS.tooShort;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString("base64");
  } catch {
    return OPENBAO_ANSWERS.otherKey;
  }
}

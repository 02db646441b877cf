import type { VaultHttpRequest, VaultHttpResponse, VaultRequest } from "@talos-bridge/vault";
import type { TestClock } from "./clock.ts";

export interface SeenRequest {
  readonly at: number;
  readonly method: string;
  /** Without `/v1/`. */
  readonly path: string;
  readonly token: string | undefined;
  readonly namespace: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

type Scripted = { readonly status: number; readonly json?: unknown; readonly body?: string } | Error;

/** A Vault in memory: tokens with an end, the auth methods' logins, transit that only checks rights. */
export interface FakeVault {
  readonly request: VaultRequest;
  readonly seen: SeenRequest[];
  /** Paths seen, in their order. */
  paths(): readonly string[];
  /** Makes a token by hand. `ttlMs` 0: without an end. */
  makeToken(options?: TokenOptions): string;
  revoke(token: string): void;
  /** Of tokens that logins give from now on. */
  tokens: TokenOptions;
  /** Wrapping tokens: where they were made, and whether they are still good. */
  readonly wrapped: Map<string, { readonly path: string; good: boolean }>;
  /** Answers in place of the fake's own, for paths that begin so; undefined: its own. */
  script: (request: SeenRequest) => Scripted | undefined | Promise<Scripted | undefined>;
}

interface TokenOptions {
  readonly ttlMs?: number;
  /** From the token's making; a renewal never moves its end past it. */
  readonly maxTtlMs?: number;
  readonly renewable?: boolean;
  /** False: a policy forbids transit. */
  readonly transit?: boolean;
  /** False: its policies lack `default`. */
  readonly lookup?: boolean;
  readonly uses?: number;
}

interface Token extends Required<TokenOptions> {
  end: number;
  readonly madeAt: number;
}

const DEFAULTS = {
  ttlMs: 3_600_000,
  maxTtlMs: Infinity,
  renewable: true,
  transit: true,
  lookup: true,
  uses: 0,
};

const DENIED: Scripted = { status: 403, json: { errors: ["permission denied"] } };

export function createFakeVault(clock: Pick<TestClock, "now">): FakeVault {
  const tokens = new Map<string, Token>();
  let serial = 0;

  function makeToken(options: TokenOptions = {}): string {
    const token = {
      ...DEFAULTS,
      ...options,
      madeAt: clock.now(),
    };
    serial += 1;
    const text = `hvs.token-number-${serial}`;
    tokens.set(text, { ...token, end: token.ttlMs === 0 ? Infinity : clock.now() + token.ttlMs });
    return text;
  }

  function valid(text: string | undefined): Token | undefined {
    const token = text === undefined ? undefined : tokens.get(text);
    return token !== undefined && token.end > clock.now() ? token : undefined;
  }

  function grant(text: string, ttlMs: number, token: Token): Scripted {
    return {
      status: 200,
      json: {
        auth: {
          client_token: text,
          lease_duration: Math.floor(ttlMs / 1000),
          renewable: token.renewable,
          num_uses: token.uses,
        },
      },
    };
  }

  function answer({ path, token: text, body }: SeenRequest): Scripted {
    if (/^auth\/.+\/login$/.test(path)) {
      if (body["secret_id"] === "wrong") {
        return { status: 400, json: { errors: ["invalid role or secret ID"] } };
      }
      const made = makeToken(fake.tokens);
      const token = tokens.get(made);
      return token === undefined ? DENIED : grant(made, token.ttlMs, token);
    }
    if (path.startsWith("sys/wrapping/"))
      return unwrap(path, path.endsWith("lookup") ? String(body["token"]) : text);
    const token = valid(text);
    if (text === undefined || token === undefined) return DENIED;
    if (path === "auth/token/lookup-self") {
      if (!token.lookup) return DENIED;
      const ttl = token.end === Infinity ? 0 : Math.floor((token.end - clock.now()) / 1000);
      return { status: 200, json: { data: { id: text, ttl, renewable: token.renewable } } };
    }
    if (path === "auth/token/renew-self") {
      const ttlMs = Math.min(token.ttlMs, token.madeAt + token.maxTtlMs - clock.now());
      token.end = clock.now() + ttlMs;
      return grant(text, ttlMs, token);
    }
    if (path === "auth/token/revoke-self") {
      tokens.delete(text);
      return { status: 204 };
    }
    if (!token.transit) return DENIED;
    if (path.includes("/encrypt/")) return { status: 200, json: { data: { ciphertext: "vault:v1:AAAA" } } };
    return { status: 200, json: { data: { plaintext: "AAAA" } } };
  }

  function unwrap(path: string, wrapping: string | undefined): Scripted {
    const made = wrapping === undefined ? undefined : fake.wrapped.get(wrapping);
    if (made?.good !== true) {
      return { status: 400, json: { errors: ["wrapping token is not valid or does not exist"] } };
    }
    if (path.endsWith("lookup")) return { status: 200, json: { data: { creation_path: made.path } } };
    made.good = false;
    return { status: 200, json: { data: { secret_id: "the-secret-id" } } };
  }

  const fake: FakeVault = {
    seen: [],
    paths: () => fake.seen.map(({ path }) => path),
    makeToken,
    revoke: (token) => void tokens.delete(token),
    tokens: {},
    wrapped: new Map(),
    script: () => undefined,
    async request(http) {
      const seen = describe(http, clock.now());
      fake.seen.push(seen);
      const scripted = (await fake.script(seen)) ?? answer(seen);
      if (http.signal.aborted) throw new Error("aborted");
      if (scripted instanceof Error) throw scripted;
      return respond(scripted);
    },
  };
  return fake;
}

function describe({ method, path, headers, body }: VaultHttpRequest, at: number): SeenRequest {
  const json: Record<string, unknown> = JSON.parse(body ?? "{}");
  return {
    at,
    method,
    path: path.replace(/^\/v1\//, ""),
    token: headers["X-Vault-Token"],
    namespace: headers["X-Vault-Namespace"],
    body: json,
  };
}

function respond({ status, json, body }: Exclude<Scripted, Error>): VaultHttpResponse {
  return { status, headers: {}, body: body ?? (json === undefined ? "" : JSON.stringify(json)) };
}

/** Resolves never, but rejects on abort: a Vault that is frozen. */
export function frozen(request: VaultHttpRequest): Promise<never> {
  return new Promise((_, reject) => {
    request.signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });
}

// Stands in for the one request that the kubernetes auth method sends to an API server.
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { CertificateFiles } from "./certificates.ts";

export interface TokenReviewer {
  readonly address: string;
  /** JWTs that were sent for review, in their order. */
  readonly reviewed: readonly string[];
  /** A JWT of this service account, that the stand-in takes until it is revoked. */
  issue(namespace: string, name: string): string;
  revoke(jwt: string): void;
  close(): Promise<void>;
}

interface TokenReview {
  readonly spec: { readonly token: string; readonly audiences?: readonly string[] };
}

export async function startTokenReviewer(tls: CertificateFiles): Promise<TokenReviewer> {
  const known = new Map<string, { readonly namespace: string; readonly name: string }>();
  const reviewed: string[] = [];
  let serial = 0;
  const server = createServer(
    { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
    (request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        const { spec }: TokenReview = JSON.parse(body);
        reviewed.push(spec.token);
        const account = known.get(spec.token);
        const status =
          account === undefined
            ? { authenticated: false, error: "invalid bearer token" }
            : {
                authenticated: true,
                user: {
                  username: `system:serviceaccount:${account.namespace}:${account.name}`,
                  uid: `${account.namespace}/${account.name}`,
                  groups: ["system:serviceaccounts"],
                },
                ...(spec.audiences !== undefined && { audiences: spec.audiences }),
              };
        response.writeHead(201, { "Content-Type": "application/json" });
        response.end(
          JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec, status }),
        );
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    address: `https://127.0.0.1:${port}`,
    reviewed,
    issue(namespace, name) {
      serial += 1;
      const now = Math.floor(Date.now() / 1000);
      const uid = `${namespace}/${name}`;
      const jwt = signJwt({
        iss: "https://kubernetes.default.svc",
        aud: ["vault"],
        sub: `system:serviceaccount:${namespace}:${name}`,
        iat: now,
        exp: now + 3600,
        jti: String(serial),
        "kubernetes.io": { namespace, serviceaccount: { name, uid } },
      });
      known.set(jwt, { namespace, name });
      return jwt;
    },
    revoke: (jwt) => void known.delete(jwt),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Signed as real ones are, since the method looks at the algorithm; only the stand-in judges the signature. */
function signJwt(claims: Readonly<Record<string, unknown>>): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode({ alg: "ES256", typ: "JWT", kid: "stand-in" })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

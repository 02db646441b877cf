import type { KeyObject } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { GrpcServerError } from "./errors.ts";

/** What handshakes are served with. */
export interface TlsMaterial {
  /** PEM, the server's own certificate first. */
  readonly cert: string;
  /** PKCS#8 PEM, or a private key. */
  readonly key: string | KeyObject;
}

/** TLS options for this material; throws where certificate and key don't fit, before anything uses them. */
export function secureOptions({ cert, key }: TlsMaterial): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key: typeof key === "string" ? key : key.export({ type: "pkcs8", format: "pem" }),
    minVersion: "TLSv1.2",
  };
  try {
    // An empty text would mean "none" to node:tls, and every handshake would fail.
    if (!cert || !options.key) throw new Error("certificate or key is empty");
    createSecureContext(options);
  } catch (cause) {
    throw new GrpcServerError("ERR_GRPC_SERVER_TLS", "certificate and key can't be used for TLS", { cause });
  }
  return options;
}

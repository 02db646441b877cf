import type { KeyUsage } from "./known-extensions.ts";
import { OID } from "./oids.ts";

/** What a leaf certificate may be used for and which parts of its name are fixed. Leaves are data: one row a kind. */
export interface LeafProfile {
  readonly keyUsage: readonly KeyUsage[];
  /** Dotted identifiers of RFC 5280 §4.2.1.12. */
  readonly extendedKeyUsage: readonly string[];
  /** Subject.Organization, sorted: groups of Kubernetes, roles of Talos. Never from a request. */
  readonly organizations: readonly string[];
  /** Stands over the names asked for; "" = none; undefined = as asked. */
  readonly commonName: string | undefined;
  /** Milliseconds, where the one who issues asks for no other lifetime. */
  readonly lifetimeMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 8_760 * HOUR_MS;
const TEN_YEARS_MS = 87_600 * HOUR_MS;

const SIGNING: readonly KeyUsage[] = ["digitalSignature"];
// Where Talos's code has keyEncipherment it stays, though only TLS 1.2's RSA key exchange ever used it.
const SIGNING_AND_EXCHANGE: readonly KeyUsage[] = ["digitalSignature", "keyEncipherment"];

/**
 * The kinds of leaves, as siderolabs/talos makes them.
 *
 * - `talosNode`: what trustd issues, whatever was asked (internal/app/trustd/internal/reg/reg.go): it can serve the Talos API
 *   and can't be a client of it.
 * - `talosClient`: a client of the Talos API; {@link talosClientProfile} adds its roles
 *   (pkg/machinery/config/generate/secrets/ca.go).
 * - `etcdServer`, `etcdPeer`, `etcdClient`: below the etcd CA (internal/pkg/etcd/certs.go). A server's names include loopback
 *   and `localhost`, a peer's don't; a client has a CN alone, `talos` or `kube-apiserver`.
 * - `kubeApiserver`, `apiserverKubeletClient` below the Kubernetes CA, `frontProxyClient` below the aggregator's
 *   (internal/app/machined/pkg/controllers/secrets/kubernetes_dynamic_certs.go).
 */
export const PROFILES = {
  talosNode: {
    keyUsage: SIGNING,
    extendedKeyUsage: [OID.serverAuth],
    organizations: [],
    commonName: undefined,
    lifetimeMs: DAY_MS,
  },
  talosClient: {
    keyUsage: SIGNING,
    extendedKeyUsage: [OID.clientAuth],
    organizations: [],
    commonName: "",
    lifetimeMs: YEAR_MS,
  },
  etcdServer: {
    keyUsage: SIGNING_AND_EXCHANGE,
    extendedKeyUsage: [OID.serverAuth, OID.clientAuth],
    organizations: [],
    commonName: undefined,
    lifetimeMs: TEN_YEARS_MS,
  },
  etcdPeer: {
    keyUsage: SIGNING_AND_EXCHANGE,
    extendedKeyUsage: [OID.serverAuth, OID.clientAuth],
    organizations: [],
    commonName: undefined,
    lifetimeMs: TEN_YEARS_MS,
  },
  etcdClient: {
    keyUsage: SIGNING_AND_EXCHANGE,
    extendedKeyUsage: [OID.clientAuth],
    organizations: [],
    commonName: undefined,
    lifetimeMs: TEN_YEARS_MS,
  },
  kubeApiserver: {
    keyUsage: SIGNING_AND_EXCHANGE,
    extendedKeyUsage: [OID.serverAuth],
    organizations: ["kube-master"],
    commonName: "kube-apiserver",
    lifetimeMs: YEAR_MS,
  },
  apiserverKubeletClient: {
    keyUsage: SIGNING_AND_EXCHANGE,
    extendedKeyUsage: [OID.clientAuth],
    organizations: ["system:masters"],
    commonName: "apiserver-kubelet-client",
    lifetimeMs: YEAR_MS,
  },
  frontProxyClient: {
    keyUsage: SIGNING_AND_EXCHANGE,
    extendedKeyUsage: [OID.clientAuth],
    organizations: [],
    commonName: "front-proxy-client",
    lifetimeMs: YEAR_MS,
  },
} as const satisfies Record<string, LeafProfile>;

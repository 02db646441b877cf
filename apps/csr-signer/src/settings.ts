import { SERVER_SETTINGS } from "@talos-bridge/grpc-server";
import {
  address,
  boolean,
  commaList,
  duration,
  integer,
  path,
  port,
  text,
  type Setting,
} from "@talos-bridge/settings";

const HOUR_MS = 3_600_000;

/** The signer's settings, the Go signers' names and defaults kept. docs/reference/configuration.md is made from it. */
export const SETTINGS = {
  port: { env: "PORT", flag: "port", default: "50001", ...port(), doc: "Port of the gRPC service." },
  bindAddress: {
    env: "BIND_ADDRESS",
    flag: "bind-address",
    ...text("address"),
    doc: "Address to listen on. Unset: all addresses, IPv4 and IPv6.",
  },
  caCertPath: {
    env: "CA_CERT_PATH",
    flag: "ca-cert-path",
    ...path(),
    doc: "CA certificate. Unset: `/etc/talos-ca/tls.crt`, else `/etc/talos-ca/ca.crt`.",
  },
  caKeyPath: {
    env: "CA_KEY_PATH",
    flag: "ca-key-path",
    ...path(),
    doc: "CA private key. Unset: `/etc/talos-ca/tls.key`, else `/etc/talos-ca/ca.key`; never mixed with the other pair.",
  },
  tlsCertPath: {
    env: "TLS_CERT_PATH",
    flag: "tls-cert-path",
    ...path(),
    doc: "Serving certificate. Unset: `/etc/talos-server-crt/tls.crt` if it is there, else the signer issues its own.",
  },
  tlsKeyPath: {
    env: "TLS_KEY_PATH",
    flag: "tls-key-path",
    ...path(),
    doc: "Private key of the serving certificate. Unset: `/etc/talos-server-crt/tls.key` if it is there.",
  },
  serverIps: {
    env: "SERVER_IPS",
    flag: "server-ips",
    default: "",
    ...commaList(),
    doc: "Addresses or names that workers reach the signer by, for a serving certificate of its own.",
  },
  talosToken: {
    env: "TALOS_TOKEN",
    flag: "talos-token",
    ...text("token"),
    secret: true,
    doc: "Join token of the cluster (`machine.token`). Required, unless a token file is there. Arguments are visible to other processes: prefer the environment or the file.",
  },
  talosTokenFile: {
    env: "TALOS_TOKEN_FILE",
    flag: "talos-token-file",
    ...path(),
    doc: "Tokens, one a line; blank lines and `#` lines are ignored. Unset: `/etc/talos-ca/token` if it is there. From its first change on the file alone decides.",
  },
  acceptedCasPath: {
    env: "ACCEPTED_CAS_PATH",
    flag: "accepted-cas-path",
    ...path(),
    doc: "More CA certificates that workers are to trust (CA rotation).",
  },
  certTtl: {
    env: "CERT_TTL",
    flag: "cert-ttl",
    default: "24h",
    ...duration({ min: 13 * HOUR_MS }),
    doc: "Validity of issued certificates; at least 13h, since workers renew every 12 hours.",
  },
  adminAddr: {
    env: "ADMIN_ADDR",
    flag: "admin-addr",
    default: ":8081",
    ...address(),
    doc: "Address of `/livez`, `/readyz`, `/healthz` and `/metrics`. Where the default is taken by another process the signer warns and goes on without.",
  },
  deniedSans: {
    env: "DENIED_SANS",
    flag: "denied-sans",
    default: "",
    ...commaList(),
    doc: "Names, `.suffixes`, addresses and CIDRs that no worker may ask for: a match is refused.",
  },
  allowedSanCidrs: {
    env: "ALLOWED_SAN_CIDRS",
    flag: "allowed-san-cidrs",
    default: "",
    ...commaList(),
    doc: "Networks that requested addresses must lie in. Empty: all. Loopback always passes.",
  },
  allowedSanSuffixes: {
    env: "ALLOWED_SAN_SUFFIXES",
    flag: "allowed-san-suffixes",
    default: "",
    ...commaList(),
    doc: "Domains that requested names must lie in. Empty: all. Single-label names always pass.",
  },
  requirePeerIpSan: {
    env: "REQUIRE_PEER_IP_SAN",
    flag: "require-peer-ip-san",
    default: "false",
    ...boolean(),
    doc: "Refuse a request that does not name the address it comes from. Not for workers behind NAT or a proxy.",
  },
  allowOwnSans: {
    env: "ALLOW_OWN_SANS",
    flag: "allow-own-sans",
    default: "false",
    ...boolean(),
    doc: "Issue the signer's own serving names and addresses to workers too, instead of leaving them out.",
  },
  allowWildcardSans: {
    env: "ALLOW_WILDCARD_SANS",
    flag: "allow-wildcard-sans",
    default: "false",
    ...boolean(),
    doc: "Issue wildcard names, instead of leaving them out.",
  },
  tokenFailuresPerMinute: {
    env: "TOKEN_FAILURES_PER_MINUTE",
    flag: "token-failures-per-minute",
    default: "0",
    ...integer({ min: 0, max: 1_000_000 }),
    doc: "Wrong tokens that one address may send a minute before all its calls are refused. 0: no such limit.",
  },
  ...SERVER_SETTINGS,
} satisfies Record<string, Setting<unknown>>;

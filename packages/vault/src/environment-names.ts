/** One name of the environment. Both `BAO_` and `VAULT_` are put before it. */
export interface VaultEnvironmentName {
  readonly name: string;
  readonly doc: string;
  readonly default?: string;
  /** The value is never shown. */
  readonly secret?: boolean;
}

/**
 * Every name that {@link readVaultEnvironment} reads. For each, `BAO_NAME` counts if it is there, even empty; else
 * `VAULT_NAME`. What is empty counts as not given.
 */
export const VAULT_ENVIRONMENT: readonly VaultEnvironmentName[] = [
  {
    name: "ADDR",
    doc: "Address, such as `https://vault.example.com:8200`. Required, unless AGENT_ADDR is given.",
  },
  { name: "AGENT_ADDR", doc: "Address of a local agent or proxy, also `unix:///path`; overrides ADDR." },
  {
    name: "NAMESPACE",
    doc: "Namespace of the transit mount, and of the auth mount unless AUTH_NAMESPACE is given.",
  },
  { name: "AUTH_NAMESPACE", doc: "Namespace of the auth mount, where it is another one." },
  {
    name: "AUTH_METHOD",
    doc: "`token`, `kubernetes`, `approle`, `jwt`, `cert` or `agent`. If not given: kubernetes where K8S_ROLE is, approle where ROLE_ID is, then token, jwt, cert, agent.",
  },
  {
    name: "AUTO_RENEW",
    doc: "False: no `renew-self`; a login before the token ends, where the method can.",
    default: "true",
  },
  { name: "TOKEN", doc: "A token. It is used until it ends, and never revoked.", secret: true },
  { name: "TOKEN_FILE", doc: "File with a token; a change is taken up within 30 s." },
  { name: "TOKEN_PATH", doc: "As TOKEN_FILE; the name of the OpenBao CLI." },
  { name: "K8S_ROLE", doc: "Role of the kubernetes method." },
  { name: "K8S_MOUNT_PATH", doc: "Mount path of the kubernetes method.", default: "kubernetes" },
  {
    name: "K8S_SERVICE_ACCOUNT_PATH",
    doc: "File with the service account's JWT, read at every login.",
    default: "/var/run/secrets/kubernetes.io/serviceaccount/token",
  },
  { name: "ROLE", doc: "Role of the kubernetes, jwt or cert method; K8S_ROLE comes before it." },
  { name: "PATH", doc: "Mount path of the auth method, where it has no name of its own here." },
  { name: "JWT", doc: "JWT of the jwt method.", secret: true },
  { name: "JWT_FILE", doc: "File with the JWT of the jwt or kubernetes method, read at every login." },
  { name: "ROLE_ID", doc: "Role-id of the approle method." },
  { name: "ROLE_ID_FILE", doc: "File with the role-id." },
  { name: "SECRET_ID", doc: "Secret-id; not needed for a role with `bind_secret_id=false`.", secret: true },
  { name: "SECRET_ID_FILE", doc: "File with the secret-id, read at every login." },
  {
    name: "SECRET_ID_WRAPPED",
    doc: "True: the secret-id is a response-wrapping token, which is unwrapped once. Each start needs a fresh one.",
    default: "false",
  },
  {
    name: "SECRET_ID_RESPONSE_WRAPPING_PATH",
    doc: "The path that the wrapping token must have been made at, such as `auth/approle/role/NAME/secret-id`; implies SECRET_ID_WRAPPED. If not given, any role of the mount.",
  },
  { name: "APPROLE_MOUNT_PATH", doc: "Mount path of the approle method.", default: "approle" },
  { name: "CACERT", doc: "File with the CA certificates that are trusted, PEM; the system's if not given." },
  { name: "CACERT_BYTES", doc: "The same as PEM text; CACERT comes before it." },
  { name: "CAPATH", doc: "The same as a directory of PEM files; CACERT and CACERT_BYTES come before it." },
  { name: "CLIENT_CERT", doc: "File with the client's certificate, PEM." },
  { name: "CLIENT_KEY", doc: "File with its key, PEM." },
  { name: "CLIENT_CERT_BYTES", doc: "The client's certificate as PEM text; CLIENT_CERT comes before it." },
  { name: "CLIENT_KEY_BYTES", doc: "Its key as PEM text; CLIENT_KEY comes before it.", secret: true },
  { name: "TLS_SERVER_NAME", doc: "The name in Vault's certificate, where it is not ADDR's host." },
  {
    name: "SKIP_VERIFY",
    doc: "True: Vault's certificate is not checked. Anybody can then pose as Vault.",
    default: "false",
  },
  {
    name: "CLIENT_TIMEOUT",
    doc: "Time of a call, as seconds or a duration; Seal and Unseal take at most 8 s.",
    default: "60s",
  },
  {
    name: "MAX_RETRIES",
    doc: "Attempts after the first. If not given, as many as the time of the call holds.",
  },
  { name: "RATE_LIMIT", doc: "`RATE` or `RATE:BURST`, requests a second." },
  { name: "PROXY_ADDR", doc: "Proxy for all requests, before HTTPS_PROXY, HTTP_PROXY and NO_PROXY." },
  { name: "HTTP_PROXY", doc: "As PROXY_ADDR, which comes before it." },
  { name: "DISABLE_REDIRECTS", doc: "True: a standby's redirect is not followed.", default: "false" },
  { name: "SRV_LOOKUP", doc: "True: host and port by DNS SRV, where ADDR has no port.", default: "false" },
  {
    name: "HEADERS",
    doc: "Further headers as a JSON object of texts; none may begin with `X-Vault-`.",
    secret: true,
  },
];

/** One thing that must be so in Vault or OpenBao. */
export interface VaultStep {
  /** What it is, for people: `policy talos-kms-policy`. */
  readonly what: string;
  /** Where its present state is read, and with which field of the answer it begins. */
  readonly path: string;
  readonly wanted: Readonly<Record<string, VaultValue>>;
  /** `mount`: is there or not; nothing of what is there is changed. `write`: its fields are to be these. */
  readonly kind: "secrets-mount" | "auth-mount" | "write";
}

export type VaultValue = string | number | boolean | readonly string[];

export type SetupAuth = "kubernetes" | "approle" | "jwt" | "cert" | "none";

export interface SetupChoices {
  readonly auth: SetupAuth;
  readonly mountPath: string;
  readonly keyPolicy: "upsert" | "precreate";
  readonly policyName: string;
  readonly roleName: string;
  readonly authMountPath: string;
  /** Seconds. */
  readonly ttl: number;
  readonly maxTtl: number;
  readonly serviceAccount: string;
  readonly namespace: string;
  readonly audience: string | undefined;
  readonly kubernetesHost: string;
  readonly kubernetesCa: string | undefined;
  readonly boundSubject: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly clientCa: string | undefined;
}

/**
 * The policy of a KMS. A node's first Seal makes its key, and for that Vault asks for `create`: with `update` alone, which some
 * guides give, it is refused. Under `precreate` only nodes whose key is there are served.
 */
export function kmsPolicy({ mountPath, keyPolicy }: Pick<SetupChoices, "mountPath" | "keyPolicy">): string {
  const encrypt = keyPolicy === "upsert" ? `["create", "update"]` : `["update"]`;
  return `path "${mountPath}/encrypt/+" {
  capabilities = ${encrypt}
}

path "${mountPath}/decrypt/+" {
  capabilities = ["update"]
}
`;
}

/** All that a KMS needs, in the order in which it is to be made. */
export function setupPlan(choices: SetupChoices): readonly VaultStep[] {
  const { auth, mountPath, policyName, authMountPath } = choices;
  const base: VaultStep[] = [
    {
      kind: "secrets-mount",
      what: `secrets engine transit at ${mountPath}/`,
      path: mountPath,
      wanted: { type: "transit" },
    },
    {
      kind: "write",
      what: `policy ${policyName}`,
      path: `sys/policies/acl/${policyName}`,
      wanted: { policy: kmsPolicy(choices) },
    },
  ];
  if (auth === "none") return base;
  return [
    ...base,
    {
      kind: "auth-mount",
      what: `auth method ${auth} at ${authMountPath}/`,
      path: authMountPath,
      wanted: { type: auth },
    },
    ...authSteps(auth, choices),
  ];
}

function authSteps(auth: Exclude<SetupAuth, "none">, choices: SetupChoices): readonly VaultStep[] {
  const { authMountPath: mount, roleName, policyName, ttl, maxTtl } = choices;
  const token = { token_policies: [policyName], token_ttl: ttl };
  const write = (what: string, path: string, wanted: VaultStep["wanted"]): VaultStep => ({
    kind: "write",
    what,
    path: `auth/${mount}/${path}`,
    wanted,
  });
  switch (auth) {
    case "kubernetes":
      return [
        write("configuration of the kubernetes method", "config", {
          kubernetes_host: choices.kubernetesHost,
          ...(choices.kubernetesCa !== undefined && {
            kubernetes_ca_cert: choices.kubernetesCa,
            // Else a Vault that runs in another cluster would show that cluster's token.
            disable_local_ca_jwt: true,
          }),
        }),
        write(`role ${roleName}`, `role/${roleName}`, {
          bound_service_account_names: [choices.serviceAccount],
          bound_service_account_namespaces: [choices.namespace],
          ...(choices.audience !== undefined && { audience: choices.audience }),
          ...token,
        }),
      ];
    case "approle":
      return [write(`role ${roleName}`, `role/${roleName}`, { ...token, token_max_ttl: maxTtl })];
    case "jwt":
      return [
        ...(choices.jwksUrl === undefined
          ? []
          : [write("configuration of the jwt method", "config", { jwks_url: choices.jwksUrl })]),
        write(`role ${roleName}`, `role/${roleName}`, {
          role_type: "jwt",
          user_claim: "sub",
          bound_audiences: [choices.audience ?? "vault"],
          bound_subject:
            choices.boundSubject ?? `system:serviceaccount:${choices.namespace}:${choices.serviceAccount}`,
          ...token,
        }),
      ];
    case "cert":
      return [
        write(`certificate role ${roleName}`, `certs/${roleName}`, {
          ...(choices.clientCa !== undefined && { certificate: choices.clientCa }),
          ...token,
        }),
      ];
  }
}

/** The same as commands for a shell. Long values are shortened to a file that they would be read from. */
export function shellCommand({ kind, path, wanted }: VaultStep): string {
  switch (kind) {
    case "secrets-mount":
      return `vault secrets enable -path=${path} ${String(wanted["type"])}`;
    case "auth-mount":
      return `vault auth enable -path=${path} ${String(wanted["type"])}`;
    case "write":
  }
  const policy = /^sys\/policies\/acl\/(?<name>.*)$/.exec(path)?.groups?.["name"];
  if (policy !== undefined) return `vault policy write ${policy} - <<'EOF'\n${String(wanted["policy"])}EOF`;
  const fields = Object.entries(wanted).map(([name, value]) => {
    const text = typeof value === "object" ? value.join(",") : String(value);
    return `${name}=${/^[A-Za-z0-9_.,:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`}`;
  });
  return `vault write ${path} ${fields.join(" ")}`;
}

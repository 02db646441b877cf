import { SecretsBundleError } from "@talos-bridge/secrets-bundle";

/** The code that a call throws; `ok` where it throws nothing. Another error than the package's goes on. */
export function codeOf(call: () => unknown): string {
  return errorOf(call)?.code ?? "ok";
}

export function errorOf(call: () => unknown): SecretsBundleError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof SecretsBundleError) return error;
    throw error;
  }
}

/** Codes and paths of findings, for comparing. */
export function brief(findings: readonly { code: string; path: string }[]): readonly string[] {
  return findings.map(({ code, path }) => `${path} ${code}`);
}

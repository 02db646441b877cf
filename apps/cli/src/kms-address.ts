import { kmsEndpointFindings, parseKmsEndpoint } from "@talos-bridge/secrets-bundle";
import { CliError } from "./cli-error.ts";
import { unbracketed, type Endpoint } from "./endpoint.ts";

/** Where a node dials a KMS that is written so. Throws {@link SecretsBundleError}, ERR_BUNDLE_INPUT, for what no node can dial. */
export function kmsAddress(url: string): Endpoint {
  const { host, port, tls } = parseKmsEndpoint(url);
  return { host: unbracketed(host), port, secure: tls };
}

/** The same of an option. Throws TB1001, also for a scheme that means something else to a node than to a reader. */
export function kmsAddressOption(option: string, url: string): Endpoint {
  const fault = kmsEndpointFindings(url, option).find(({ code }) => code === "kms-endpoint");
  if (fault !== undefined) throw new CliError("TB1001", `${option} ${fault.message}`);
  return kmsAddress(url);
}

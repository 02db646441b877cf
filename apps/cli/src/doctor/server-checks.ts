import { hostAndPort } from "../endpoint.ts";
import { check, serverProblems, until, type Check } from "./check.ts";
import type { Facts } from "./facts.ts";

/** apid of nodes, and the Kubernetes API server, as talosctl and kubelets meet them. */
export function serverChecks(facts: Facts): readonly Check[] {
  return facts.servers.map(({ what, endpoint, tls }) => {
    const { host } = endpoint;
    const problems = serverProblems(tls, {
      ...facts,
      roots: what === "apid" ? facts.talosCas : facts.kubernetesCas,
      endpoint,
      ...(what === "apid" && {
        nameFix: `use an address that the node has, or add ${host} to its machine.certSANs`,
      }),
    });
    return check(
      `${what} ${hostAndPort(endpoint)}`,
      tls.ok ? `${tls.protocol}, ${until(tls.leaf)}` : "",
      problems,
    );
  });
}

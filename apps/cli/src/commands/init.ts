import { Argument, Option, type Command } from "commander";
import { hostAlone, portNumber } from "../endpoint.ts";
import type { InitOptions } from "../init-work.ts";
import type { Register } from "../register.ts";

export function addInit(program: Command, register: Register): void {
  const command = program
    .command("init")
    .description("make a folder with all that a cluster with Talos workers begins with")
    .addArgument(new Argument("[name]", "the cluster's name, and the folder's").default("talos"))
    .addOption(
      new Option("--target <kind>", "what the control plane is, or kms for disk encryption alone")
        .choices(["kamaji", "kubeadm", "kms"])
        .makeOptionMandatory(),
    )
    .requiredOption(
      "--endpoint <host>",
      "address that workers reach: of the control plane, or of the KMS",
      hostAlone,
    )
    .option("--port <port>", "port of the Kubernetes API, or of the KMS (6443, 8080)", portNumber)
    .option(
      "--from-kubernetes-pki <folder>",
      "kubeadm: take the CAs of this cluster, such as /etc/kubernetes/pki",
    )
    .option("--install-disk <device>", "where Talos is installed on workers")
    .option("--force", "replace files that are there", false)
    .addHelpText(
      "after",
      "\nExamples:\n  talos-bridge init demo --target kamaji --endpoint 10.10.10.100\n  talos-bridge init demo --target kubeadm --endpoint 10.10.10.100 --from-kubernetes-pki /etc/kubernetes/pki",
    );
  register<InitOptions>(command, async (context, options) =>
    (await import("../init-work.ts")).init(context, options),
  );
}

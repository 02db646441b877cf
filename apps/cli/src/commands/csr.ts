import type { Command } from "commander";
import type { CsrTestOptions } from "../csr-test.ts";
import { hostPort } from "../endpoint.ts";
import { list } from "../option-parsers.ts";
import type { Register } from "../register.ts";

export function addCsr(program: Command, register: Register): void {
  const csr = program.command("csr").description("ask a signer for certificates as a worker does");
  const command = csr
    .command("test")
    .description("make a key and a CSR, send it with the join token, and verify what comes back")
    .requiredOption("--endpoint <host:port>", "the signer; port 50001 if not given", hostPort(50_001))
    .requiredOption("--ca <file>", "the Talos CA's certificate, PEM")
    .requiredOption(
      "--token-file <file>",
      "file with the join token (trustdinfo.token), as the signer reads it",
    )
    .option("--hostname <name>", "the worker's name", "csr-test")
    .option("--ip <address>", "addresses of the worker, between commas", list, []);
  register<CsrTestOptions>(command, async (context, options) =>
    (await import("../csr-test.ts")).testSigner(context, options),
  );
}

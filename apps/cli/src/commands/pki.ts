import type { KeyFormat } from "@talos-bridge/pki";
import { Argument, InvalidArgumentError, Option, type Command } from "commander";
import { milliseconds, someOf } from "../option-parsers.ts";
import type { ConvertOptions } from "../pki/convert-key.ts";
import type { InspectOptions } from "../pki/inspect.ts";
import type { RenewalOptions } from "../pki/needs-renewal.ts";
import type { VerifyOptions } from "../pki/verify.ts";
import type { Register } from "../register.ts";

const TARGETS =
  "\nA TARGET is a file (PEM, DER, secrets bundle, talosconfig, machine config, kubeconfig, any YAML with certificates), - for\nstandard input, or HOST:PORT of a TLS server (tls://HOST:PORT where a file has that name).\n";

export function addPki(program: Command, register: Register): void {
  const pki = program
    .command("pki")
    .description("look at certificates and keys, verify them, and tell when they are due");

  const inspect = pki
    .command("inspect")
    .description("show what certificates, keys and requests say; never a key's content")
    .addArgument(new Argument("<targets...>", "files, -, HOST:PORT"))
    .option("--prometheus", "print x509_cert_not_after and others as Prometheus text", false)
    .option("--out <file>", "with --prometheus: write this file, whole, for a textfile collector")
    .addHelpText(
      "after",
      `${TARGETS}\nExamples:\n  talos-bridge pki inspect secrets.yaml talosconfig 10.0.0.7:50000\n  talos-bridge pki inspect --prometheus --out /var/lib/node_exporter/talos.prom talosconfig 10.0.0.7:50000`,
    );
  register<InspectOptions>(inspect, async (context, options) =>
    (await import("../pki/inspect.ts")).inspectTargets(context, options),
  );

  const verify = pki
    .command("verify")
    .description("say whether certificates verify with a CA, and if not, why and what to do")
    .addArgument(new Argument("<targets...>", "files, -, HOST:PORT"))
    .requiredOption(
      "--ca <file>",
      "files with the CAs to trust, between commas: PEM, or a secrets bundle",
      someOf,
    )
    .addOption(
      new Option(
        "--usage <usage>",
        "server or client; by the target and the certificate if not given",
      ).choices(["server", "client"]),
    )
    .option("--name <host>", "name or address it must be valid for; that of HOST:PORT if not given")
    .option("--at <time>", "at this time (ISO 8601) in place of now", time)
    .addHelpText(
      "after",
      `${TARGETS}Of a file with several certificates the first is verified; the others may stand between it and the CA.\n\nExit code 3: something does not verify.\n\nExamples:\n  talos-bridge pki verify 10.0.0.1:50001 --ca secrets.yaml\n  talos-bridge pki verify talosconfig --ca secrets.yaml --at 2027-01-01T00:00:00Z`,
    );
  register<VerifyOptions>(verify, async (context, options) =>
    (await import("../pki/verify.ts")).verifyTargets(context, options),
  );

  const renewal = pki
    .command("needs-renewal")
    .description("say which certificates are due for renewal")
    .addArgument(new Argument("<targets...>", "files, -, HOST:PORT"))
    .addOption(
      new Option("--within <duration>", "due so long before their end")
        .argParser(milliseconds)
        .default(2_592_000_000, "720h"),
    )
    .option("--fraction <part>", "due after this part of their lifetime, such as 2/3 or 0.8", fraction)
    .addHelpText(
      "after",
      `${TARGETS}\nExit code 0: none is due. 3: one is.\n\nExample:\n  talos-bridge pki needs-renewal talosconfig --within 336h || echo renew it`,
    );
  register<RenewalOptions>(renewal, async (context, options) =>
    (await import("../pki/needs-renewal.ts")).findDue(context, options),
  );

  const formats: readonly KeyFormat[] = ["pkcs8", "talos", "sec1", "pkcs1"];
  const convert = pki
    .command("convert-key")
    .description("write a private key in another format")
    .addArgument(new Argument("<file>", "the key: PEM, or base64 of it; - is standard input"))
    .addOption(
      new Option("--to <format>", "its format: pkcs8 for others, talos for Talos; sec1 (ECDSA), pkcs1 (RSA)")
        .choices(formats)
        .makeOptionMandatory(),
    )
    .option("--out <file>", "where to, with mode 0600; - is standard output", "-")
    .option("--force", "replace a file that is there", false)
    .addHelpText(
      "after",
      "\nTalos writes Ed25519 keys under a label of its own, which OpenSSL and cert-manager do not know.\n\nExample:\n  talos-bridge secrets extract certs.os.key | talos-bridge pki convert-key - --to pkcs8 --out tls.key",
    );
  register<ConvertOptions>(convert, async (context, options) =>
    (await import("../pki/convert-key.ts")).convertKey(context, options),
  );
}

function fraction(text: string): number {
  const { above = "", below = "1" } =
    /^(?<above>\d+(?:\.\d+)?)(?:\/(?<below>\d+))?$/.exec(text)?.groups ?? {};
  const value = above === "" ? Number.NaN : Number(above) / Number(below);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("It must be above 0 and at most 1, such as 2/3 or 0.8.");
}

function time(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError("It must be a time such as 2027-01-01T00:00:00Z.");
}

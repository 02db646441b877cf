import { EXIT, type ExitCode } from "./exit-code.ts";

export interface ErrorNote {
  readonly exit: ExitCode;
  readonly title: string;
  readonly cause: string;
  readonly cure: string;
}

/** Every error that a person may be shown. docs/reference/cli-errors.md is made from it; ids are never used again. */
export const ERRORS = {
  TB1000: {
    exit: EXIT.local,
    title: "unexpected error",
    cause: "A fault in talos-bridge.",
    cure: "Run it again with `-v` and report what it says.",
  },
  TB1001: {
    exit: EXIT.local,
    title: "usage",
    cause:
      "An unknown command or option, an argument that is missing or not of the form it must have, or `-` given more than once.",
    cure: "`talos-bridge COMMAND --help` shows what it takes, with examples.",
  },
  TB1002: {
    exit: EXIT.local,
    title: "a file can't be read",
    cause: "It is not there, not readable, a directory, or larger than 4 MiB.",
    cure: "Check the path. `-` reads standard input.",
  },
  TB1003: {
    exit: EXIT.local,
    title: "a file is there already",
    cause: "Files are not overwritten unasked: they may hold the only copy of a key.",
    cure: "Choose another name, or give `--force`.",
  },
  TB1004: {
    exit: EXIT.local,
    title: "a file can't be written",
    cause:
      "The folder is not there or not writable, the disk is full, or what is there is a folder or a device, which `--force` does not replace either.",
    cure: "Check the folder. Nothing is left half-written: files are renamed into place. What went to standard output is not whole: run the command again.",
  },
  TB1005: {
    exit: EXIT.local,
    title: "the audit log can't be written",
    cause: "Each act with a CA's key is written down before it is done, and it could not be.",
    cure: "Make the folder writable, or name another file with `TALOS_BRIDGE_AUDIT_LOG`.",
  },
  TB1006: {
    exit: EXIT.local,
    title: "a secrets bundle can't be used",
    cause: "Not YAML, not a bundle, encrypted with SOPS, redacted, or a field of the wrong form.",
    cure: "Decrypt it first: `sops -d secrets.yaml | talos-bridge … --secrets -`. `talos-bridge config validate` tells more.",
  },
  TB1007: {
    exit: EXIT.local,
    title: "a certificate, key or request can't be read",
    cause: "No PEM, several blocks where one is wanted, a damaged body, or a type that is not supported.",
    cure: "`talos-bridge pki inspect FILE` says what is in it.",
  },
  TB1008: {
    exit: EXIT.local,
    title: "a configuration file can't be used",
    cause: "Not YAML, of another kind than is wanted, or with a field of the wrong form.",
    cure: "The message names the field. `talos-bridge config validate FILE` lists everything at once.",
  },
  TB1009: {
    exit: EXIT.local,
    title: "no such field",
    cause: "`secrets extract` was asked for a field that bundles do not have.",
    cure: "The message lists all fields.",
  },
  TB1101: {
    exit: EXIT.local,
    title: "a rotation's state can't be used",
    cause:
      "`rotation.json` in the rotation's folder was edited, damaged, or written by another version, or everybody may write to the folder.",
    cure: "A folder of your own is safe from others. Restore the file from a backup: it holds the only copy of the new CA's key. Without one, and before stage 2, begin anew in another folder.",
  },
  TB1102: {
    exit: EXIT.local,
    title: "a rotation is under way in another process",
    cause:
      "Another `ca rotate` works in the same folder, or one ended without clearing its lock on another machine.",
    cure: "Wait for it. If there is none, remove the file that the message names.",
  },
  TB1103: {
    exit: EXIT.local,
    title: "a step that does not fit the rotation",
    cause:
      "Nothing was begun in this folder, the bundle has another CA than the one it began with, or a stage comes before.",
    cure: "`talos-bridge ca rotate status` says where it stands.",
  },
  TB2001: {
    exit: EXIT.remote,
    title: "no connection",
    cause: "Nobody listens there, a firewall drops packets, or the name does not resolve.",
    cure: "Check host and port. A csr-signer listens on 50001, kms-vault on 8080, apid on 50000.",
  },
  TB2002: {
    exit: EXIT.remote,
    title: "the certificate of the other side is not trusted",
    cause: "It is signed by another CA, expired, or the host is not among its names.",
    cure: "`talos-bridge pki verify HOST:PORT --ca FILE` says which of them it is.",
  },
  TB2003: {
    exit: EXIT.remote,
    title: "the other side refused",
    cause: "It answered, and the answer is no: a wrong token, a policy, another node's data.",
    cure: "The message has its code and text; docs/reference/errors.md explains each.",
  },
  TB2004: {
    exit: EXIT.remote,
    title: "Vault refused or failed",
    cause: "A token without rights, a sealed Vault, a missing mount.",
    cure: "`kms setup` needs a token that may write policies, auth methods and mounts. Set `VAULT_ADDR` and `VAULT_TOKEN`.",
  },
  TB2005: {
    exit: EXIT.remote,
    title: "the answer is not usable",
    cause:
      "No TLS or no gRPC where it should be, a certificate that does not chain, a key that came back different: the other side works, and is wrong.",
    cure: "Check the port, that the server has this cluster's CA, and that nobody stands in between.",
  },
  TB2101: {
    exit: EXIT.remote,
    title: "talosctl can't be run",
    cause: "`--apply` needs talosctl, and it is not on the PATH or not executable.",
    cure: "Name it with `--talosctl FILE`, or apply the patches by hand and say so with `--patched`.",
  },
  TB3001: {
    exit: EXIT.found,
    title: "a check found problems",
    cause: "The command did its work; what it looked at is not in order.",
    cure: "Each finding names its own cure.",
  },
  TB9001: {
    exit: EXIT.timeout,
    title: "out of time",
    cause: "The work took longer than `--timeout`.",
    cure: "Give more time, or look at why the other side is slow.",
  },
  TB9002: {
    exit: EXIT.interrupted,
    title: "interrupted",
    cause: "Ctrl-C, or another signal to end: SIGTERM, SIGHUP.",
    cure: "Run the command again: files are written whole or not at all, and `ca rotate` resumes.",
  },
} as const satisfies Record<string, ErrorNote>;

export type ErrorId = keyof typeof ERRORS;

/** Where each id is explained: an anchor of a page in the repository. */
export function errorPage(id: ErrorId): string {
  return `docs/reference/cli-errors.md#${id.toLowerCase()}`;
}

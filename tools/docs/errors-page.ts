// docs/reference/errors.md.
import { PEM_NOTES, PKI_NOTES, SERVER_NOTES, SETTINGS_NOTES, TOKEN_NOTES, type Note } from "./error-notes.ts";
import { KEYRING_NOTES, LEADER_NOTES, SEAL_NOTES, VAULT_NOTES } from "./kms-error-notes.ts";
import { KMS_NOTES } from "./kms-notes.ts";
import type { Answer, LogNotes } from "./program-notes.ts";
import { SERVER_ANSWERS, SHARED_LOG } from "./server-notes.ts";
import { BUNDLE_NOTES, FINDING_NOTES } from "./secrets-bundle-notes.ts";
import { SIGNER_NOTES } from "./signer-notes.ts";
import { MADE, table } from "./tables.ts";

export function errorsPage(): string {
  return `${MADE}
# Errors

What a node is answered, what the log says, and what the codes of the packages mean. No message holds a token, a key, a ciphertext or a
request's bytes. A Talos node shows the gRPC code and text in its own log (\`talosctl dmesg\`, or the console) and tries again.

## Answers of csr-signer

One audit line \`refused\` each, and one count in \`talos_csr_signer_rejections_total\` under the reason.

${answerTable(SIGNER_NOTES.answers)}
## Answers of kms-vault

One audit line \`refused\` each, and one count in \`talos_kms_operations_total\` with the reason as its \`result\`. Never is there an OK without the true
key: Talos would take other bytes for its key, and seal the slot anew.

${answerTable(KMS_NOTES.answers)}
## Answers of the server

Of both programs, given before a call reaches the program's own part. They count in \`grpc_server_handled_total\` by code.

${answerTable(SERVER_ANSWERS)}
A request that is not gRPC gets an HTTP status alone: 405 for another method than POST, 415 for another content type.

## Log

JSON lines by default, \`LOG_FORMAT=text\` for people. Text that comes from a peer is escaped.
Warnings about settings, such as a flag that stands over another value in the environment, are lines of their own.

### Log of both programs

${logTable(SHARED_LOG)}
### Log of csr-signer

${logTable(SIGNER_NOTES.log)}
### Log of kms-vault

${logTable(KMS_NOTES.log)}
## Codes

A package throws one error class; callers branch on its \`code\`, never on the message.

### pki

\`PkiError\`. As an answer, each means that the request is at fault. As a configuration fault the message says which file.

${codeTable(PKI_NOTES)}
### pem

\`PemError\`. Messages name the line.

${codeTable(PEM_NOTES)}
### secrets-bundle

\`SecretsBundleError\`. Messages name fields, lines and columns, never a value.

${codeTable(BUNDLE_NOTES)}
What its checks find is data, with one of these codes:

${codeTable(FINDING_NOTES)}
### token-auth

\`TokenAuthError\`. Messages name a token by \`env\` or \`file:LINE\`.

${codeTable(TOKEN_NOTES)}
### settings

\`SettingsError\`.

${codeTable(SETTINGS_NOTES)}
### grpc-server

\`GrpcServerError\`: faults outside a call. Faults of a call are the answers above.

${codeTable(SERVER_NOTES)}
### kms-vault

\`SealError\`, what a backend of kms-vault throws. The answers of kms-vault are made from it.

${codeTable(SEAL_NOTES)}
### vault

\`VaultError\`. With the HTTP status and Vault's own words, where it answered.

${codeTable(VAULT_NOTES)}
### keyring

\`KeyringError\`. Messages name the file.

${codeTable(KEYRING_NOTES)}
### leader

\`LeaderError\`.

${codeTable(LEADER_NOTES)}`;
}

function answerTable(answers: readonly Answer[]): string {
  return table(
    ["gRPC code", "Text", "Reason", "Meaning"],
    answers.map(({ code, text, reason, meaning }) => [code, text, `\`${reason}\``, meaning]),
  );
}

function codeTable(notes: Readonly<Record<string, Note>>): string {
  return table(
    ["Code", "Cause", "Cure"],
    Object.entries(notes).map(([code, { cause, cure }]) => [`\`${code}\``, cause, cure]),
  );
}

function logTable(notes: LogNotes): string {
  return table(
    ["Message", "Level", "Fields", "Meaning"],
    Object.entries(notes).map(([message, { level, fields, meaning }]) => [
      `\`${message}\``,
      level,
      fields,
      meaning,
    ]),
  );
}

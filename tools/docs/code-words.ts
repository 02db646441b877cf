// Words that the reference pages list and the sources say: each list is held to the other.
import { SERVER_ANSWERS, SIGNER_ANSWERS } from "./answer-notes.ts";
import { LOG_NOTES } from "./log-notes.ts";

export interface Sources {
  /** Text of apps/csr-signer/src. */
  readonly signer: string;
  /** Text of packages/grpc-server/src. */
  readonly server: string;
}

export function wordFaults({ signer, server }: Sources): readonly string[] {
  return [...logFaults(signer + server), ...answerFaults(signer, server)];
}

/** Every message that the signer, or the server for it, logs is in the list, and the list has no other. */
function logFaults(sources: string): readonly string[] {
  const calls = sources.matchAll(
    /\b(?:log\.(?:debug|info|warn|error)\(|write\(\s*"(?:info|warn)",|granted\()\s*(?:"(?<text>[^"]+)"|`(?<varies>[^`$]+))/g,
  );
  const said = new Set([...calls].map(({ groups }) => groups?.["text"] ?? `${groups?.["varies"]}…`));
  const listed = new Set(Object.keys(LOG_NOTES));
  return [
    ...[...said]
      .filter((text) => !listed.has(text))
      .map((text) => `log message "${text}" is not in log-notes.ts`),
    ...[...listed].filter((text) => !said.has(text)).map((text) => `log-notes.ts: nothing logs "${text}"`),
  ];
}

const CALL_FAULT = /message: "(?<text>[^"]+)",\s*reason: "(?<reason>[^"]+)"/g;
const HTTP_STATUS_REASONS = ["http-method", "content-type"];

/** Every fault that the server answers by itself is in the list with its text; every text listed is in a source. */
function answerFaults(signer: string, server: string): readonly string[] {
  const faults: string[] = [];
  for (const { groups: { text, reason } = {} } of server.matchAll(CALL_FAULT)) {
    if (!SERVER_ANSWERS.some((answer) => answer.text === text && answer.reason === reason)) {
      faults.push(`answer "${text}" (${reason}) is not in answer-notes.ts`);
    }
  }
  for (const { text, reason } of SERVER_ANSWERS) {
    if (!server.includes(`"${text}"`) || !server.includes(`"${reason}"`)) {
      faults.push(`answer-notes.ts: the server never says "${text}" (${reason})`);
    }
  }
  for (const { text } of SIGNER_ANSWERS) {
    if (!signer.includes(text.replace("…", "")))
      faults.push(`answer-notes.ts: the signer never says "${text}"`);
  }
  for (const reason of HTTP_STATUS_REASONS) {
    if (!server.includes(`"${reason}"`))
      faults.push(`docs/reference/errors.md: no ${reason} in the server any more`);
  }
  return faults;
}

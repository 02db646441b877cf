// Words that the reference pages list and the sources say: each list is held to the other.
import type { ProgramNotes } from "./program-notes.ts";
import { SERVER_ANSWERS, SHARED_LOG } from "./server-notes.ts";

export interface Sources {
  /** Text of packages/grpc-server/src. */
  readonly server: string;
  readonly programs: readonly {
    readonly notes: ProgramNotes;
    /** Text of the app's src. */
    readonly source: string;
  }[];
}

export function wordFaults({ server, programs }: Sources): readonly string[] {
  return [
    ...programs.flatMap(({ notes, source }) => [
      ...logFaults(notes, source + server),
      ...textFaults(notes, source),
      ...(notes.reasons === "literal" ? reasonFaults(notes, source) : []),
    ]),
    ...serverFaults(server),
  ];
}

const LOG_CALL =
  /\b(?:log\.(?:debug|info|warn|error)\(|log\[[^\]]*\]\(|write\(\s*"(?:info|warn)",|granted\()\s*(?:(?:[^,"()`]|"[^"]*")*\?\s*)?(?:"(?<text>[^"]+)"(?:\s*:\s*"(?<other>[^"]+)")?|`(?<varies>[^`$]+))/g;

/** Every message that a program, or the server for it, logs is in its list or the shared one, and the lists have no other. */
function logFaults({ name, log }: ProgramNotes, sources: string): readonly string[] {
  const said = new Set(
    [...sources.matchAll(LOG_CALL)].flatMap(({ groups: { text, other, varies } = {} }) =>
      [text, other, varies === undefined ? undefined : `${varies}…`].filter((each) => each !== undefined),
    ),
  );
  const listed = new Set([...Object.keys(SHARED_LOG), ...Object.keys(log)]);
  return [
    ...[...said]
      .filter((text) => !listed.has(text))
      .map((text) => `log message "${text}" is in no notes of ${name}`),
    ...[...listed]
      .filter((text) => !said.has(text))
      .map((text) => `notes of ${name}: nothing logs "${text}"`),
  ];
}

/** Every text in the list is in the sources, all its parts. */
function textFaults({ name, answers }: ProgramNotes, source: string): readonly string[] {
  return answers
    .filter(({ text }) => text.split("…").some((part) => !source.includes(part)))
    .map(({ text }) => `notes of ${name}: it never says "${text}"`);
}

const REASONS = [
  /\breason: "(?<reason>[a-z-]+)"/g,
  /\brefused\(\s*"(?<reason>[a-z-]+)"/g,
  // A table of refusals by reason.
  /^ {2}"?(?<reason>[a-z-]+)"?: \{\s*code: Code\.\w+, message:/gm,
];

/** Every reason in the sources is in the list, and the other way round. */
function reasonFaults({ name, answers }: ProgramNotes, source: string): readonly string[] {
  const said = new Set(
    REASONS.flatMap((pattern) => [...source.matchAll(pattern)].map(({ groups }) => groups?.["reason"] ?? "")),
  );
  const listed = new Set(answers.map(({ reason }) => reason));
  const ofServer = new Set(SERVER_ANSWERS.map(({ reason }) => reason));
  return [
    ...[...said]
      .filter((reason) => !listed.has(reason) && !ofServer.has(reason))
      .map((reason) => `reason "${reason}" is in no notes of ${name}`),
    ...[...listed]
      .filter((reason) => !said.has(reason))
      .map((reason) => `notes of ${name}: nothing has the reason "${reason}"`),
  ];
}

const CALL_FAULT = /message: "(?<text>[^"]+)",\s*reason: "(?<reason>[^"]+)"/g;
const HTTP_STATUS_REASONS = ["http-method", "content-type"];

/** Every fault that the server answers by itself is in the list with its text; every text listed is in a source. */
function serverFaults(server: string): readonly string[] {
  const faults: string[] = [];
  for (const { groups: { text, reason } = {} } of server.matchAll(CALL_FAULT)) {
    if (!SERVER_ANSWERS.some((answer) => answer.text === text && answer.reason === reason)) {
      faults.push(`answer "${text}" (${reason}) is not in server-notes.ts`);
    }
  }
  for (const { text, reason } of SERVER_ANSWERS) {
    if (!server.includes(`"${text}"`) || !server.includes(`"${reason}"`)) {
      faults.push(`server-notes.ts: the server never says "${text}" (${reason})`);
    }
  }
  for (const reason of HTTP_STATUS_REASONS) {
    if (!server.includes(`"${reason}"`))
      faults.push(`docs/reference/errors.md: no ${reason} in the server any more`);
  }
  return faults;
}

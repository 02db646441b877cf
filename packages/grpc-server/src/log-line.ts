// What JSON leaves as it is and a terminal or a viewer acts on: DEL and the C1 controls (U+009B opens escape sequences),
// format characters (direction marks, zero widths, tags), line and paragraph separators, halves of surrogate pairs.
const INVISIBLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes them in a line of JSON or of quoted text, where such characters stand in string literals only. */
export function escapeInvisible(line: string): string {
  return line.replace(INVISIBLE, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** A JSON line as `time=… level=… msg=… key=value …`; text with anything but plain characters in it is quoted. */
export function toLogfmt(line: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(line);
  return Object.entries({ time, level, msg, ...fields })
    .map(
      ([key, value]) => `${plain(key)}=${typeof value === "string" ? plain(value) : JSON.stringify(value)}`,
    )
    .join(" ");
}

const PLAIN = /^[A-Za-z0-9_.:/@+*,()-]+$/;

function plain(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(text);
}

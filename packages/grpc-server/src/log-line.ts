// What JSON leaves as it is and a terminal or a viewer acts on: DEL and the C1 controls (U+009B opens escape sequences),
// line and paragraph separators, and the marks that change the direction of the text around them.
const INVISIBLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Escapes them in a line of JSON or of quoted text, where such characters stand in string literals only. */
export function escapeInvisible(line: string): string {
  return line.replace(
    INVISIBLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A JSON line as `time=… level=… msg=… key=value …`; text with anything but plain characters in it is quoted. */
export function toLogfmt(line: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(line);
  return `${Object.entries({ time, level, msg, ...fields })
    .map(
      ([key, value]) => `${plain(key)}=${typeof value === "string" ? plain(value) : JSON.stringify(value)}`,
    )
    .join(" ")}\n`;
}

const PLAIN = /^[A-Za-z0-9_.:/@+*,()[\]-]+$/;

function plain(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(text);
}

/**
 * Why a setting is refused:
 * - `ERR_SETTINGS_VALUE`: a text that a parser does not take
 * - `ERR_SETTINGS_TABLE`: the table itself is wrong (a name used twice, a default that its own parser refuses)
 */
export type SettingsErrorCode = "ERR_SETTINGS_VALUE" | "ERR_SETTINGS_TABLE";

/** The one error of this package. Messages are lower-case and never hold the refused text. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly code: SettingsErrorCode;

  constructor(code: SettingsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A parser's refusal, with a message that completes the sentence "PORT …", such as "must be a number". */
export function refuse(message: string): SettingsError {
  return new SettingsError("ERR_SETTINGS_VALUE", message);
}

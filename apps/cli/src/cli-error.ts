import type { ErrorId } from "./error-table.ts";

/** An error that a person is shown: what happened, where, and its stable id, whose page has cause and cure. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly id: ErrorId;
  /** A command or a setting that would help, if one is known. */
  readonly fix: string | undefined;

  constructor(id: ErrorId, message: string, options: ErrorOptions & { readonly fix?: string } = {}) {
    super(message, options);
    this.id = id;
    this.fix = options.fix;
  }
}

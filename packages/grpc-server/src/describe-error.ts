/** What the log keeps of an error. */
interface ErrorDescription {
  readonly name: string;
  readonly code?: string | number;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription | string;
}

const MAX_CAUSES = 4;

/** Name, code, message, stack and causes of an error; other properties may hold anything, and stay out. */
export function describeError(error: Error, causesLeft = MAX_CAUSES): ErrorDescription {
  const { name, message, stack, cause } = error;
  const code = "code" in error ? error.code : undefined;
  return {
    name,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    message,
    // Only the frames: the first lines repeat the message.
    ...(stack === undefined ? {} : { stack: stack.slice(Math.max(0, stack.indexOf("\n    at "))).trim() }),
    ...(cause === undefined ? {} : { cause: describeCause(cause, causesLeft) }),
  };
}

function describeCause(cause: unknown, causesLeft: number): ErrorDescription | string {
  if (!(cause instanceof Error)) return typeof cause === "string" ? cause : typeof cause;
  return causesLeft > 0 ? describeError(cause, causesLeft - 1) : "…";
}

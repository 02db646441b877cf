import { ConnectError, type Interceptor } from "@connectrpc/connect";

/**
 * An interceptor that turns the errors of the layers below into gRPC ones. `map` is asked for everything thrown that is
 * no ConnectError; where it answers undefined the error goes on as it is, and the server answers INTERNAL
 * "internal error" and tells it to `ServerEvents.internalError`. The original becomes the `cause`.
 */
export function mapErrors(map: (error: unknown) => ConnectError | undefined): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (error instanceof ConnectError) throw error;
      const mapped = map(error);
      if (mapped === undefined) throw error;
      mapped.cause ??= error;
      throw mapped;
    }
  };
}

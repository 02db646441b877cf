import { Health, SecurityService } from "@talos-bridge/api";

/** Who may call a method: `token` = with a join token, `open` = anybody. A method that is not listed is refused. */
export const ACCESS: ReadonlyMap<string, "token" | "open"> = new Map([
  [`/${SecurityService.typeName}/Certificate`, "token"],
  [`/${Health.typeName}/Check`, "open"],
]);

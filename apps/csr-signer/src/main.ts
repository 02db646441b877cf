import { runInProcess } from "@talos-bridge/grpc-server";
import { hostname, networkInterfaces } from "node:os";
import { run } from "./run.ts";

runInProcess((world) =>
  run({
    ...world,
    host: {
      hostname: hostname(),
      addresses: Object.values(networkInterfaces()).flatMap(
        (list) => list?.map(({ address }) => address) ?? [],
      ),
    },
    now: () => new Date(),
  }),
);

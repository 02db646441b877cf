import { runInProcess } from "@talos-bridge/grpc-server";
import { hostname } from "node:os";
import { run } from "./run.ts";

runInProcess((world) => run({ ...world, hostname: hostname(), leaderFilePath: "/tmp/leader" }));

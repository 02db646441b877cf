export { makeThrowAwayCluster, type ThrowAwayCluster } from "./throw-away-cluster.ts";

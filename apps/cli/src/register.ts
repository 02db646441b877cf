import type { Command } from "commander";
import type { Work } from "./command-context.ts";

/** Ties a command to its work: the options are what commander has parsed, the arguments among them by name. */
export type Register = <Options>(command: Command, work: Work<Options>) => void;

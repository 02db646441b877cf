import { readFileSync } from "node:fs";

// USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux that Node has builds for.
const TICK_MS = 10;

/** User and system time that a process has used, all its threads together, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // proc(5): the name in parentheses may hold anything; utime and stime are fields 14 and 15, the name is the second.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The most memory a process has had resident since its start, in MiB. */
export function peakRssMib(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(line?.[1]) / 1024;
}

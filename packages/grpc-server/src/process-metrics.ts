import { readdirSync } from "node:fs";
import { memoryUsage, resourceUsage, version } from "node:process";
import type { Registry } from "prom-client";
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";

/**
 * The process figures that dashboards expect, under Prometheus's and Node's usual names, read at each scrape.
 * prom-client's `collectDefaultMetrics` is not used: it samples the event loop every 10 ms and observes each garbage
 * collection.
 */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) });
  };

  const cpu = new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent in seconds.",
    registers,
    collect() {
      const { userCPUTime, systemCPUTime } = resourceUsage();
      cpu.reset();
      cpu.inc((userCPUTime + systemCPUTime) / 1e6);
    },
  });
  const started = performance.timeOrigin / 1000;
  gauge("process_start_time_seconds", "Start of the process in seconds since 1970.", () => started);
  gauge("process_resident_memory_bytes", "Resident memory in bytes.", () => memoryUsage.rss());
  gauge("process_open_fds", "Open file descriptors.", openDescriptors);
  gauge("nodejs_heap_size_total_bytes", "Size of V8's heap in bytes.", () => memoryUsage().heapTotal);
  gauge("nodejs_heap_size_used_bytes", "Used part of V8's heap in bytes.", () => memoryUsage().heapUsed);
  gauge(
    "nodejs_external_memory_bytes",
    "Memory outside of V8's heap in bytes.",
    () => memoryUsage().external,
  );
  new Gauge({
    name: "nodejs_version_info",
    help: "Node version; the value is always 1.",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
}

/** Only Linux tells; elsewhere the figure is not a number, which Prometheus knows as a value. */
function openDescriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return Number.NaN;
  }
}

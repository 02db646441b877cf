import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import { registerProcessMetrics } from "./process-metrics.ts";

/** Label values by label name. Never a name, an address or an identifier from outside: their number must be small. */
export type Labels = Readonly<Record<string, string>>;

export interface CounterMetric {
  /** Adds 1, or `by` (not negative). */
  inc(labels?: Labels, by?: number): void;
  /** Counts what has these labels, 0 from now on. For what every call counts: nothing is looked up. Make it once. */
  of(labels: Labels): () => void;
}

export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
  add(by: number, labels?: Labels): void;
}

export interface HistogramMetric {
  observe(value: number, labels?: Labels): void;
}

/** The figures of one process, in a registry of their own. Names and units follow Prometheus's naming rules. */
export interface Metrics {
  /** A count that only grows; its name ends in `_total`. Without labels it is 0 from the start. */
  counter(name: string, help: string, labelNames?: readonly string[]): CounterMetric;
  gauge(name: string, help: string, labelNames?: readonly string[]): GaugeMetric;
  /** A gauge without labels whose value is asked for at each scrape. */
  gaugeOf(name: string, help: string, read: () => number): void;
  /** Counts by upper bound; without bounds Prometheus's own, 5 ms to 10 s. */
  histogram(
    name: string,
    help: string,
    labelNames?: readonly string[],
    buckets?: readonly number[],
  ): HistogramMetric;
  /** The text that `/metrics` answers with. */
  text(): Promise<string>;
  /** Its content type. */
  readonly contentType: string;
}

export interface MetricsOptions {
  /** Shown as `talos_bridge_build_info`. */
  readonly build: { readonly version: string; readonly revision: string };
}

/**
 * Makes a registry with `talos_bridge_build_info` and the process's own figures (CPU, memory, file descriptors, start).
 * Nothing runs between scrapes, and nothing is global: a process may have several.
 */
export function createMetrics({ build }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  registerProcessMetrics(registry);
  new Gauge({
    name: "talos_bridge_build_info",
    help: "Version and source revision; the value is always 1.",
    labelNames: ["version", "revision"],
    registers,
  }).set({ ...build }, 1);

  return {
    counter(name, help, labelNames = []) {
      const bound: { readonly labels: Labels; count: number }[] = [];
      const counter: Counter = new Counter({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          for (const each of bound) {
            counter.inc(each.labels, each.count);
            each.count = 0;
          }
        },
      });
      return {
        inc: (labels = {}, by = 1) => counter.inc(labels, by),
        of(labels) {
          const each = { labels, count: 0 };
          bound.push(each);
          return () => void each.count++;
        },
      };
    },
    gauge(name, help, labelNames = []) {
      const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers });
      return {
        set: (value, labels = {}) => gauge.set(labels, value),
        add: (by, labels = {}) => gauge.inc(labels, by),
      };
    },
    gaugeOf(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    },
    histogram(name, help, labelNames = [], buckets) {
      const histogram = new Histogram({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        ...(buckets && { buckets: [...buckets] }),
      });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

import { Code } from "@connectrpc/connect";
import { createCallMetrics, createMetrics, type Metrics, type Peer } from "@talos-bridge/grpc-server";
import { describe, expect, test } from "vitest";

const build = { version: "1.2.3", revision: "abc" };
const peer: Peer = { address: "10.0.0.1", port: 1 };
const served = [{ service: "securityapi.SecurityService", method: "Certificate" }];

/** The samples of a name, by their labels in the order they stand there. */
async function samples(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split("\n");
  const found = lines.flatMap((line) => {
    const {
      labels = "",
      value,
      sample,
    } = /^(?<sample>\w+)(?:\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line)?.groups ?? {};
    return sample === name ? [[labels, Number(value)] as const] : [];
  });
  return Object.fromEntries(found);
}

describe("the process's own figures", () => {
  test("are read at each scrape", async () => {
    const metrics = createMetrics({ build });
    expect(await samples(metrics, "talos_bridge_build_info")).toEqual({
      'version="1.2.3",revision="abc"': 1,
    });
    for (const name of [
      "process_resident_memory_bytes",
      "nodejs_heap_size_used_bytes",
      "nodejs_heap_size_total_bytes",
    ]) {
      expect((await samples(metrics, name))[""]).toBeGreaterThan(1_000_000);
    }
    const { "": started = 0 } = await samples(metrics, "process_start_time_seconds");
    expect(started).toBeCloseTo((Date.now() - performance.now()) / 1000, 0);
    expect(await samples(metrics, "nodejs_version_info")).toEqual({ [`version="${process.version}"`]: 1 });

    const { "": cpuBefore = 0 } = await samples(metrics, "process_cpu_seconds_total");
    while ((process.cpuUsage().user + process.cpuUsage().system) / 1e6 < cpuBefore + 0.01);
    const { "": cpuAfter = 0 } = await samples(metrics, "process_cpu_seconds_total");
    expect(cpuAfter).toBeGreaterThan(cpuBefore);
    expect(cpuAfter).toBeLessThan(process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6 + 0.001);
  });

  test.runIf(process.platform === "linux")("open descriptors, on Linux", async () => {
    expect((await samples(createMetrics({ build }), "process_open_fds"))[""]).toBeGreaterThan(2);
  });

  test("nothing runs between scrapes", () => {
    const before = process.getActiveResourcesInfo();
    createCallMetrics(createMetrics({ build }), served);
    expect(process.getActiveResourcesInfo()).toEqual(before);
  });
});

test("a count bound to its labels is 0 at first, grows between scrapes and goes together with inc", async () => {
  const metrics = createMetrics({ build });
  const counter = metrics.counter("talos_test_total", "Test.", ["kind"]);
  const count = counter.of({ kind: "a" });
  expect(await samples(metrics, "talos_test_total")).toEqual({ 'kind="a"': 0 });
  count();
  count();
  counter.inc({ kind: "a" });
  counter.inc({ kind: "b" });
  expect(await samples(metrics, "talos_test_total")).toEqual({ 'kind="a"': 3, 'kind="b"': 1 });
  count();
  expect(await samples(metrics, "talos_test_total")).toEqual({ 'kind="a"': 4, 'kind="b"': 1 });
});

test("two registries share nothing", async () => {
  const [one, other] = [createMetrics({ build }), createMetrics({ build })];
  one.counter("talos_test_total", "Test.").inc();
  other.counter("talos_test_total", "Test.");
  expect([await samples(one, "talos_test_total"), await samples(other, "talos_test_total")]).toEqual([
    { "": 1 },
    { "": 0 },
  ]);
});

test("an app's own figures", async () => {
  const metrics = createMetrics({ build });
  const counter = metrics.counter("talos_test_total", "Test.", ["reason"]);
  const gauge = metrics.gauge("talos_test_level", "Test.", ["file"]);
  const histogram = metrics.histogram("talos_test_seconds", "Test.", [], [1, 2]);
  let level = 1;
  metrics.gaugeOf("talos_test_now", "Test.", () => level);
  counter.inc({ reason: 'a"b\n' });
  counter.inc({ reason: 'a"b\n' }, 2);
  gauge.set(5, { file: "a" });
  gauge.add(-2, { file: "a" });
  histogram.observe(1.5);
  level = 7;
  expect(await samples(metrics, "talos_test_total")).toEqual({ 'reason="a\\"b\\n"': 3 });
  expect(await samples(metrics, "talos_test_level")).toEqual({ 'file="a"': 3 });
  expect(await samples(metrics, "talos_test_seconds_bucket")).toEqual({
    'le="1"': 0,
    'le="2"': 1,
    'le="+Inf"': 1,
  });
  expect(await samples(metrics, "talos_test_now")).toEqual({ "": 7 });
  expect(metrics.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
});

describe("calls", () => {
  const labels = 'grpc_type="unary",grpc_service="securityapi.SecurityService",grpc_method="Certificate"';
  const unknown = 'grpc_type="unary",grpc_service="unknown",grpc_method="unknown"';

  test("every code of every served method is there from the start", async () => {
    const metrics = createMetrics({ build });
    createCallMetrics(metrics, served);
    expect(await samples(metrics, "grpc_server_started_total")).toEqual({ [labels]: 0, [unknown]: 0 });
    const handled = await samples(metrics, "grpc_server_handled_total");
    expect(Object.keys(handled)).toHaveLength(2 * 17);
    expect(handled[`${labels},grpc_code="OK"`]).toBe(0);
    expect(handled[`${labels},grpc_code="Unauthenticated"`]).toBe(0);
  });

  test("are counted by code, and their time in seconds", async () => {
    const metrics = createMetrics({ build });
    const calls = createCallMetrics(metrics, served);
    const call = { service: "securityapi.SecurityService", method: "Certificate", peer };
    for (const [code, durationMs] of [
      [0, 4],
      [0, 70],
      [Code.Unauthenticated, 1],
    ] as const) {
      calls.callStarted?.(call);
      calls.callEnded?.({ ...call, code, durationMs });
    }
    calls.callStarted?.(call);
    expect((await samples(metrics, "grpc_server_started_total"))[labels]).toBe(4);
    const handled = await samples(metrics, "grpc_server_handled_total");
    expect(handled[`${labels},grpc_code="OK"`]).toBe(2);
    expect(handled[`${labels},grpc_code="Unauthenticated"`]).toBe(1);
    expect((await samples(metrics, "grpc_server_handling_seconds_sum"))[labels]).toBeCloseTo(0.075, 6);
    expect((await samples(metrics, "grpc_server_handling_seconds_bucket"))[`le="0.005",${labels}`]).toBe(2);
  });

  test("of unknown methods are one series, whatever is asked for", async () => {
    const metrics = createMetrics({ build });
    const calls = createCallMetrics(metrics, served);
    const call = (service: string, method: string): void => {
      calls.callStarted?.({ service, method, peer });
      calls.callEnded?.({ service, method, peer, code: Code.Unimplemented, durationMs: 1 });
    };
    call("unknown", "unknown");
    const before = (await metrics.text()).split("\n").length;
    for (let index = 0; index < 1_000; index++) call(`evil.Service${index}`, `Method${index}`);
    call("securityapi.SecurityService", "ReadFile");
    call("__proto__", "constructor");
    expect((await metrics.text()).split("\n")).toHaveLength(before);
    expect((await samples(metrics, "grpc_server_started_total"))[unknown]).toBe(1_003);
    expect(
      (await samples(metrics, "grpc_server_handled_total"))[`${unknown},grpc_code="Unimplemented"`],
    ).toBe(1_003);
  });

  test("connections", async () => {
    const metrics = createMetrics({ build });
    const calls = createCallMetrics(metrics, served);
    expect(await samples(metrics, "talos_bridge_connections")).toEqual({ "": 0 });
    calls.connectionOpened?.({ peer });
    calls.connectionOpened?.({ peer });
    calls.connectionClosed?.({ peer, reason: "idle", durationMs: 5 });
    calls.connectionRefused?.({ peer, reason: "max-connections" });
    calls.internalError?.(new Error("x"), { service: "a", method: "b" });
    calls.acceptFailed?.(new Error("x"));
    expect(await samples(metrics, "talos_bridge_connections")).toEqual({ "": 1 });
    expect(await samples(metrics, "talos_bridge_connections_opened_total")).toEqual({ "": 2 });
    expect(await samples(metrics, "talos_bridge_connections_closed_total")).toEqual({ 'reason="idle"': 1 });
    expect(await samples(metrics, "talos_bridge_connections_refused_total")).toEqual({
      'reason="max-connections"': 1,
    });
    expect(await samples(metrics, "talos_bridge_internal_errors_total")).toEqual({ "": 1 });
    expect(await samples(metrics, "talos_bridge_accept_failures_total")).toEqual({ "": 1 });
  });
});

import {
  address,
  boolean,
  duration,
  formatDuration,
  loadSettings,
  parseDuration,
  port,
  text,
} from "@talos-bridge/settings";
import { expect, test } from "vitest";

/** A generator of numbers from 0 to below `limit`, the same on each run (a linear congruence modulo 2^32). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const PIECES = [
  ...Array.from("-=:,.[]0159hmsx \n\0"),
  "--",
  "port",
  "listen",
  "strict",
  "token",
  "help",
  "true",
  "50001",
  "\u00b5s",
  "\ud800",
  "\u{1f511}",
  "__proto__",
];

test("any arguments and environment end in one of the four answers, and no secret is told", () => {
  const table = {
    port: { flag: "port", env: "PORT", default: "1", ...port(), doc: "" },
    listen: { flag: "listen", env: "LISTEN", default: ":1", ...address(), doc: "" },
    wait: { flag: "wait", env: "WAIT", default: "1s", ...duration(), doc: "" },
    strict: { flag: "strict", env: "STRICT", default: "0", ...boolean(), doc: "" },
    token: { flag: "token", env: "TOKEN", ...text(), secret: true, doc: "" },
  };
  const random = generator(1);
  const kinds = new Set<string>();
  for (let run = 0; run < 2_000; run++) {
    const noise = (): string =>
      Array.from({ length: random(5) }, () => PIECES[random(PIECES.length)]).join("");
    const argv = Array.from({ length: random(4) }, noise);
    if (random(2) === 0) argv.push(`--token=s3cret${noise()}`);
    const env = {
      PORT: random(3) === 0 ? noise() : "",
      LISTEN: random(3) === 0 ? noise() : "",
      TOKEN: `s3cret${noise()}`,
    };
    const loaded = loadSettings(table, { argv, env });
    kinds.add(loaded.kind);
    expect(JSON.stringify(loaded.kind === "values" ? loaded.warnings : loaded)).not.toContain("s3cret");
  }
  expect(kinds).toEqual(new Set(["values", "faults", "help"]));
});

test("any duration reads back from its own text", () => {
  const random = generator(2);
  for (let run = 0; run < 2_000; run++) {
    const milliseconds = random(10 ** random(13)) * (random(2) === 0 ? 1 : -1) + 0;
    expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
  }
});

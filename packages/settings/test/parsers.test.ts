import {
  address,
  boolean,
  commaList,
  duration,
  integer,
  oneOf,
  path,
  port,
  text,
  type Parser,
} from "@talos-bridge/settings";
import { describe, expect, test } from "vitest";

interface Row {
  readonly name: string;
  readonly parser: Parser<unknown>;
  readonly takes: readonly (readonly [text: string, want: unknown])[];
  readonly refuses: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    name: "boolean",
    parser: boolean(),
    takes: [
      ...["1", "t", "T", "true", "TRUE", "True"].map((each) => [each, true] as const),
      ...["0", "f", "F", "false", "FALSE", "False"].map((each) => [each, false] as const),
    ],
    refuses: ["", "yes", "no", "on", "tRUE", "2", " true", "true\n"],
  },
  {
    name: "integer",
    parser: integer({ min: -5, max: 1_000 }),
    takes: [
      ["0", 0],
      ["-5", -5],
      ["1000", 1_000],
    ],
    refuses: [
      "",
      "-6",
      "1001",
      "1.0",
      "1e2",
      "0x10",
      "010",
      "+1",
      "-0",
      " 1",
      "1 ",
      "1\n",
      "NaN",
      "99999999999999999999",
    ],
  },
  {
    name: "port",
    parser: port(),
    takes: [
      ["0", 0],
      ["50001", 50_001],
      ["65535", 65_535],
    ],
    refuses: ["", "-1", "65536", "http", ":80"],
  },
  {
    name: "duration",
    parser: duration({ min: 13 * 3_600_000, max: 48 * 3_600_000 }),
    takes: [
      ["13h", 46_800_000],
      ["48h", 172_800_000],
    ],
    refuses: ["", "12h59m59s", "48h1ns", "24", "-24h"],
  },
  { name: "duration without bounds", parser: duration(), takes: [["-1h", -3_600_000]], refuses: ["1"] },
  {
    name: "path",
    parser: path(),
    takes: [
      ["/etc/talos-ca/tls.crt", "/etc/talos-ca/tls.crt"],
      ["server.crt", "server.crt"],
    ],
    refuses: ["", "/etc/\0passwd"],
  },
  {
    name: "comma list",
    parser: commaList(),
    takes: [
      ["", []],
      [" , ", []],
      ["10.0.0.1", ["10.0.0.1"]],
      ["10.0.0.1, fd00::1 ,,cp.example.org,", ["10.0.0.1", "fd00::1", "cp.example.org"]],
    ],
    refuses: [],
  },
  {
    name: "address",
    parser: address(),
    takes: [
      [":8081", { host: undefined, port: 8081 }],
      [":0", { host: undefined, port: 0 }],
      ["127.0.0.1:8081", { host: "127.0.0.1", port: 8081 }],
      ["localhost:65535", { host: "localhost", port: 65_535 }],
      ["[::1]:80", { host: "::1", port: 80 }],
      ["[::]:80", { host: "::", port: 80 }],
      ["[fe80::1%eth0]:80", { host: "fe80::1%eth0", port: 80 }],
    ],
    refuses: [
      "",
      "8081",
      "127.0.0.1",
      "127.0.0.1:",
      ":http",
      ":65536",
      ":-1",
      ":08081",
      "::1:80",
      "[::1]",
      "[]:80",
      "[127.0.0.1]:80",
      "[::1]80",
      "a b:80",
      "http://a:80",
      ":80/",
      ":80\n",
      "[::1]:80:80",
    ],
  },
  {
    name: "one of",
    parser: oneOf(["json", "text"]),
    takes: [
      ["json", "json"],
      ["TEXT", "text"],
    ],
    refuses: ["", "yaml", "json ", "jsontext"],
  },
  { name: "text", parser: text(), takes: [["", ""]], refuses: [] },
];

for (const { name, parser, takes, refuses } of ROWS) {
  describe(name, () => {
    for (const [input, want] of takes) {
      test(`takes ${JSON.stringify(input)}`, () => expect(parser.parse(input)).toEqual(want));
    }
    for (const input of refuses) {
      test(`refuses ${JSON.stringify(input)}`, () => {
        const refusal = expect.objectContaining({
          code: "ERR_SETTINGS_VALUE",
          message: expect.stringMatching(/^(must|is) /),
        });
        expect(() => parser.parse(input)).toThrow(refusal);
      });
    }
  });
}

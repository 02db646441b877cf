import type { CertificateInspection } from "@talos-bridge/pki";
import { printable } from "../output.ts";
import type { Found } from "./inspect.ts";

interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: (certificate: CertificateInspection) => number | undefined;
}

const GAUGES: readonly Gauge[] = [
  {
    name: "x509_cert_not_before",
    help: "Begin of the certificate's validity, Unix time in seconds.",
    value: ({ notBefore }) => seconds(notBefore),
  },
  {
    name: "x509_cert_not_after",
    help: "End of the certificate's validity, Unix time in seconds.",
    value: ({ notAfter }) => seconds(notAfter),
  },
];

/** Prometheus's text format (0.0.4), as a textfile collector reads it. One certificate that is there twice is told once. */
export function prometheusText(found: readonly Found[], { failed }: { readonly failed: number }): string {
  const certificates = found.flatMap(({ inspection, ...place }) =>
    inspection.kind === "certificate" ? [{ place, inspection }] : [],
  );
  const unreadable = found.filter(({ inspection }) => inspection.kind === "unreadable").length;
  const gauges = GAUGES.flatMap(({ name, help, value }) => {
    const lines = certificates.flatMap(({ place, inspection }) => {
      const number = value(inspection);
      return number === undefined ? [] : [`${name}{${labels(place, inspection)}} ${number}\n`];
    });
    return [`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`, ...new Set(lines)];
  });
  const name = "x509_read_errors";
  return [
    ...gauges,
    `# HELP ${name} Blocks, and targets, that could not be read.\n# TYPE ${name} gauge\n`,
    `${name} ${unreadable + failed}\n`,
  ].join("");
}

function seconds(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time) / 1000;
}

function labels(
  { target, path, index }: Omit<Found, "inspection">,
  { subject, issuer, serialNumber, isCa }: CertificateInspection,
): string {
  return Object.entries({
    target,
    path,
    index: String(index),
    subject,
    issuer,
    serial_number: serialNumber,
    ca: String(isCa),
  })
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");
}

/** Without control characters, a line break among them: certificates come from outside, and the text may go to a terminal. */
function escaped(value: string): string {
  return printable(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

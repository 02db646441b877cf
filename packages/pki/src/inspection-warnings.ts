import type { CertificateInspection, InspectionWarning, InspectionWarningCode } from "./inspection.ts";

type Inspected = Omit<CertificateInspection, "warnings">;

const warn = (code: InspectionWarningCode, message: string): InspectionWarning => ({ code, message });

/** What a person should know of a certificate; nothing about its chain. */
export function certificateWarnings(
  certificate: Inspected,
  now: Date | undefined,
): readonly InspectionWarning[] {
  return [
    ...timeWarnings(certificate, now),
    ...formWarnings(certificate),
    ...signatureWarnings(certificate.signatureAlgorithm),
    ...(certificate.isCa ? authorityWarnings(certificate) : leafWarnings(certificate)),
  ];
}

function timeWarnings(
  { notBefore, notAfter }: Inspected,
  now: Date | undefined,
): readonly InspectionWarning[] {
  if (notBefore === null || notAfter === null)
    return [warn("malformed-time", "not a time in whole seconds, UTC")];
  if (notAfter < notBefore) return [warn("ends-before-it-begins", "the validity ends before it begins")];
  if (now === undefined) return [];
  if (now < new Date(notBefore)) return [warn("not-yet-valid", `valid from ${notBefore} on`)];
  return now > new Date(notAfter) ? [warn("expired", `expired on ${notAfter}`)] : [];
}

const SERIAL_OCTETS = 20;

function formWarnings({ version, serialNumber }: Inspected): readonly InspectionWarning[] {
  const unusual =
    serialNumber.startsWith("-") || serialNumber === "00" || serialNumber.length > 2 * SERIAL_OCTETS;
  return [
    ...(version === 1 || version === 3 ? [] : [warn("unusual-version", "neither version 1 nor 3")]),
    ...(unusual
      ? [warn("unusual-serial-number", "the serial number is not positive or longer than 20 octets")]
      : []),
  ];
}

const ALLOWED_SIGNATURES = /^(?:Ed25519|(?:ECDSA|RSA)-SHA(?:256|384|512))$/;

/** Signatures that are made with an algorithm that is not accepted anywhere in this package. */
export function signatureWarnings(algorithm: string): readonly InspectionWarning[] {
  return ALLOWED_SIGNATURES.test(algorithm)
    ? []
    : [warn("weak-signature", `signed with ${algorithm}, which is not accepted`)];
}

function authorityWarnings({ keyUsage, extensions }: Inspected): readonly InspectionWarning[] {
  return [
    ...(keyUsage === null || keyUsage.includes("keyCertSign")
      ? []
      : [warn("ca-without-key-cert-sign", "a CA with a key usage without keyCertSign")]),
    ...(extensions.some(({ name }) => name === "nameConstraints")
      ? [warn("name-constraints", "a CA for some names only, which is refused as a CA of Talos nodes")]
      : []),
  ];
}

const SERVER = "serverAuth";
const CLIENT = "clientAuth";
const ROLE = /^os:/;

function leafWarnings(leaf: Inspected): readonly InspectionWarning[] {
  const { keyUsage, extendedKeyUsage, publicKey, organizations, dnsNames, ipAddresses } = leaf;
  const may = (purpose: string): boolean => extendedKeyUsage?.includes(purpose) ?? true;
  const roles = organizations.some((each) => ROLE.test(each));
  return [
    ...(publicKey.type === "ed25519" && keyUsage?.includes("keyEncipherment") === true
      ? [warn("key-encipherment", "keyEncipherment on an Ed25519 key, which only signs (RFC 8410 §5)")]
      : []),
    ...(extendedKeyUsage?.includes(SERVER) === true && dnsNames.length + ipAddresses.length === 0
      ? [warn("no-alternative-names", "a server's certificate without alternative names: no client takes it")]
      : []),
    // Talos's apid asks for it since 1.12; certificates that older versions made may lack it.
    ...(roles && (extendedKeyUsage === null || !may(CLIENT))
      ? [
          warn(
            "no-client-auth",
            "has roles of the Talos API, which asks for the client-auth usage that it lacks",
          ),
        ]
      : []),
    ...(organizations.includes("os:impersonator")
      ? [warn("may-impersonate", "os:impersonator can act as any role")]
      : []),
  ];
}

import ipaddr from "ipaddr.js";
import { isIPv4, isIPv6 } from "node:net";
import { PkiError } from "./errors.ts";

/**
 * Canonical text of 4 or 16 network-order bytes: dotted IPv4, IPv6 as RFC 5952. An IPv4-mapped IPv6 address is the IPv4
 * address, as Go's net.IP has it. Throws ERR_PKI_IP_ADDRESS for any other length.
 */
export function ipTextOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new PkiError("ERR_PKI_IP_ADDRESS", `IP address of ${bytes.length} bytes`);
  return textOf(ipaddr.fromByteArray([...bytes]));
}

/** Network-order bytes, 4 or 16, of an address's text. Throws ERR_PKI_IP_ADDRESS. */
export function ipBytesOf(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  const address = parse(text);
  if (address === undefined) throw new PkiError("ERR_PKI_IP_ADDRESS", "not an IP address");
  return Uint8Array.from(address.toByteArray());
}

/** Canonical text of an address, or undefined where the text is none. Zones (`%eth0`) are no part of an address. */
export function canonicalIp(text: string): string | undefined {
  // Node takes four decimal numbers without leading zeros, and nothing else, for IPv4: that is canonical already.
  if (isIPv4(text)) return text;
  const address = parse(text);
  return address && textOf(address);
}

// Canonical text begins with its first number, and an IPv6 group of it has no leading zeros.
// 0.0.0.0/8, 224.0.0.0/4, 255.255.255.255, ::, ff00::/8
const UNUSABLE = /^(?:0\.|22[4-9]\.|23\d\.|255\.255\.255\.255$|::$|ff[0-9a-f]{2}:)/;
// 127.0.0.0/8, ::1
const LOOPBACK = /^(?:127\.|::1$)/;

/** Whether nobody's node can have this address: unspecified, multicast, broadcast. Takes canonical text. */
export function isUnusable(canonical: string): boolean {
  return UNUSABLE.test(canonical);
}

/** Whether the address is the host itself. Takes canonical text. */
export function isLoopback(canonical: string): boolean {
  return LOOPBACK.test(canonical);
}

/** The family of canonical text, as node:net names it. */
export function ipFamilyOf(canonical: string): "ipv4" | "ipv6" {
  return canonical.includes(":") ? "ipv6" : "ipv4";
}

type Address = ReturnType<typeof ipaddr.fromByteArray>;

const COMPATIBLE = /^::\d+\./;
const FOUR_NUMBERS = /^\d{1,3}(?:\.\d{1,3}){3}$/;

function parse(text: string): Address | undefined {
  // ipaddr.js also reads octal and short forms of IPv4, which others read differently: only four decimals are taken. It
  // throws and catches for what is none, at 25 µs each: most names are none.
  if (FOUR_NUMBERS.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  // Of the forms that end in IPv4, octal numbers are refused like above, and `::a.b.c.d`, which RFC 4291 §2.5.5.1 gave up and
  // ipaddr.js takes for a mapped address.
  return text.includes(":") && isIPv6(text) && !text.includes("%") && !COMPATIBLE.test(text)
    ? unmapped(ipaddr.IPv6.parse(text))
    : undefined;
}

function unmapped(address: ipaddr.IPv6): Address {
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function textOf(address: Address): string {
  if (address instanceof ipaddr.IPv6) {
    const plain = unmapped(address);
    return plain instanceof ipaddr.IPv6 ? plain.toRFC5952String() : plain.toString();
  }
  return address.toString();
}

// What each error code means and what to do about it. A code without a note, or a note without a code, fails `tsc`.
import type { GrpcServerErrorCode } from "@talos-bridge/grpc-server";
import type { PemErrorCode } from "@talos-bridge/pem";
import type { PkiErrorCode } from "@talos-bridge/pki";
import type { SettingsErrorCode } from "@talos-bridge/settings";
import type { TokenAuthErrorCode } from "@talos-bridge/token-auth";

export interface Note {
  readonly cause: string;
  readonly cure: string;
}

type Notes<Code extends string> = Readonly<Record<Code, Note>>;

export const PKI_NOTES: Notes<PkiErrorCode> = {
  ERR_PKI_TOO_LARGE: {
    cause: "The text or the DER in it is over the limit: 32 KiB of text for a request.",
    cure: "A worker's own request is under 2 KiB. Look at what sends it.",
  },
  ERR_PKI_PEM: {
    cause: "Not exactly one PEM block of the wanted label, or something stands around it.",
    cure: "Send or store the block alone. Labels are `CERTIFICATE REQUEST`, `CERTIFICATE`, `PRIVATE KEY` and the older key labels.",
  },
  ERR_PKI_DER: {
    cause:
      "The bytes are no strict DER: a length or integer that is not minimal, an indefinite length, bytes left over; or it is nested deeper than 24, or has more than 4,096 values.",
    cure: "Make the request or certificate again with a tool that writes DER.",
  },
  ERR_PKI_STRUCTURE: {
    cause:
      "Valid DER, but not the structure that was expected there; for a CA: it is none, or its key usage lacks keyCertSign.",
    cure: "Check that the file holds what its setting names. A CA needs `CA:TRUE`.",
  },
  ERR_PKI_VERSION: {
    cause: "A request whose version is not 0, or a certificate that is neither version 1 nor 3.",
    cure: "Make it again; no known tool writes another version.",
  },
  ERR_PKI_DUPLICATE: {
    cause: "An attribute, an extension or the common name is there twice.",
    cure: "Make it again with each part once.",
  },
  ERR_PKI_COMMON_NAME: {
    cause:
      "The common name has control or invisible characters, an unsupported string type, or over 255 bytes.",
    cure: "Correct the node's host name.",
  },
  ERR_PKI_DNS_NAME: {
    cause:
      "A DNS name that is none: other characters than letters, digits, `-`, `_`, a label over 63 or a name over 253 characters.",
    cure: "Correct `machine.network.hostname` or `machine.certSANs`. Write international names in their ASCII form.",
  },
  ERR_PKI_IP_ADDRESS: {
    cause: "An address of neither 4 nor 16 bytes, or an unspecified, multicast or broadcast one.",
    cure: "Correct `machine.certSANs`.",
  },
  ERR_PKI_TOO_MANY_NAMES: {
    cause: "More than 256 alternative names.",
    cure: "Shorten `machine.certSANs`.",
  },
  ERR_PKI_KEY: {
    cause: "A key that is malformed, not on its curve, or does not belong to its certificate.",
    cure: "Take certificate and key from the same place.",
  },
  ERR_PKI_KEY_WEAK: {
    cause:
      "An RSA key outside 2048 to 8192 bits or with an odd exponent outside 3 to 2^31-1, or an Ed25519 key of small order.",
    cure: "Make a new key.",
  },
  ERR_PKI_KEY_UNSUPPORTED: {
    cause: "Neither Ed25519, ECDSA on P-256, P-384 or P-521, nor RSA.",
    cure: "Use one of these. Talos makes Ed25519.",
  },
  ERR_PKI_KEY_ENCRYPTED: {
    cause: "The private key is encrypted with a passphrase.",
    cure: "Decrypt it: a service that starts by itself has nobody to ask.",
  },
  ERR_PKI_KEY_FORMAT: {
    cause:
      "A key was to be written in a format that its type does not have: SEC 1 holds ECDSA keys, PKCS #1 RSA keys.",
    cure: "Ask for `pkcs8`, which every type has, or for `talos`, which is what Talos writes for the type.",
  },
  ERR_PKI_KEY_IN_CERTIFICATES: {
    cause: "A private key stands in a file of certificates, which is sent to every worker.",
    cure: "Take the key out. If an older program has served this file, rotate the CA.",
  },
  ERR_PKI_PLACEHOLDER: {
    cause: "The value is encrypted with SOPS, or was redacted.",
    cure: "Put the decrypted value into the Secret.",
  },
  ERR_PKI_SIGNATURE: {
    cause: "The signature does not verify with the key it should.",
    cure: "For a request: it was changed on its way or made with another key. For a CA: take its certificate again.",
  },
  ERR_PKI_SIGNATURE_ALGORITHM: {
    cause: "Signed with MD5, SHA-1, SHA-224, PSS, DSA, Ed448, SM2 or GOST.",
    cure: "Use Ed25519, or ECDSA or RSA (PKCS #1) with SHA-256 or longer.",
  },
  ERR_PKI_ROLE: {
    cause:
      "A certificate for the Talos API with no role, with text that is no role, or with `os:impersonator`.",
    cure: "Roles look like `os:admin`, `os:operator`, `os:reader`. Who needs `os:impersonator` has to ask for it by force.",
  },
  ERR_PKI_BUNDLE: {
    cause:
      "A bundle of accepted CAs has none, has not the one that was to be removed, or would have none left.",
    cure: "Compare the SHA-256 fingerprints. Add the new CA before the old one is removed.",
  },
  ERR_PKI_NAME_POLICY: {
    cause:
      "An entry of `DENIED_SANS`, `ALLOWED_SAN_CIDRS`, `ALLOWED_SAN_SUFFIXES` or `SERVER_IPS` is no name or address.",
    cure: "Correct the entry that the message quotes.",
  },
  ERR_PKI_VALIDITY: {
    cause: "The CA is expired or not yet valid, or the lifetime asked for is not above zero.",
    cure: "Check the clock, then renew or rotate the CA.",
  },
};

export const PEM_NOTES: Notes<PemErrorCode> = {
  ERR_PEM_TOO_LARGE: { cause: "Longer than the caller's limit.", cure: "Look at what is in the file." },
  ERR_PEM_NO_BLOCK: {
    cause: "No `-----BEGIN …-----` line.",
    cure: "Talos's secrets are base64 of PEM: decode them once.",
  },
  ERR_PEM_TOO_MANY_BLOCKS: {
    cause: "More blocks than are wanted there.",
    cure: "Keep those that are needed.",
  },
  ERR_PEM_LABEL: {
    cause:
      "A BEGIN or END line that is malformed, does not match the other, or has a label that is not wanted there.",
    cure: "Store the file as its tool wrote it.",
  },
  ERR_PEM_TEXT_OUTSIDE: { cause: "Text before, between or after blocks.", cure: "Remove it." },
  ERR_PEM_HEADERS: {
    cause: "Header lines inside a block; on a key they mean that it is encrypted.",
    cure: "Decrypt the key, or remove the headers.",
  },
  ERR_PEM_BASE64: {
    cause: "The body is no canonical base64.",
    cure: "Copy the file again; nothing may be lost or added.",
  },
  ERR_PEM_UNTERMINATED: { cause: "A block without its END line.", cure: "Copy the file again, whole." },
};

export const TOKEN_NOTES: Notes<TokenAuthErrorCode> = {
  ERR_TOKEN_NONE: { cause: "No token is configured.", cure: "Set `TALOS_TOKEN` or `TALOS_TOKEN_FILE`." },
  ERR_TOKEN_BLANK: {
    cause: "A token without a character.",
    cure: "Fill the Secret's key: the value of `trustdinfo.token`.",
  },
  ERR_TOKEN_ALPHABET: {
    cause: "A character that gRPC metadata can't carry, or white space inside a line of the token file.",
    cure: "One token a line, printable ASCII, nothing beside it.",
  },
  ERR_TOKEN_SIZE: {
    cause: "A token over 1,024 characters, or a token file over 128 KiB.",
    cure: "Check that the setting names the token file.",
  },
  ERR_TOKEN_PLACEHOLDER: {
    cause: "The token is what a tool left in its place: `REDACTED`, asterisks, or a SOPS-encrypted value.",
    cure: "Put the token itself there: decrypt the file, or take it from the cluster's secrets bundle.",
  },
  ERR_TOKEN_COUNT: { cause: "More than 64 tokens.", cure: "Remove those that are no longer in use." },
};

export const SETTINGS_NOTES: Notes<SettingsErrorCode> = {
  ERR_SETTINGS_VALUE: {
    cause: "A text that the setting does not take.",
    cure: "The message says what it takes; see [configuration](configuration.md).",
  },
  ERR_SETTINGS_TABLE: {
    cause: "A table of settings names a flag twice or has a default that its own parser refuses.",
    cure: "A mistake in a program, never in its configuration: report it.",
  },
};

export const SERVER_NOTES: Notes<GrpcServerErrorCode> = {
  ERR_GRPC_SERVER_DUPLICATE_METHOD: {
    cause: "Two services serve one path.",
    cure: "A mistake in a program: report it.",
  },
  ERR_GRPC_SERVER_STATE: {
    cause: "`listen` a second time or after the end, or new TLS material for a server without TLS.",
    cure: "A mistake in a program: report it.",
  },
  ERR_GRPC_SERVER_LISTEN: {
    cause: "The address or port can't be had; `cause` is the system's error.",
    cure: "Free the port or change `PORT`. Ports below 1024 need a capability that the image does not ask for.",
  },
  ERR_GRPC_SERVER_TLS: {
    cause: "Certificate and key can't be used for TLS together.",
    cure: "Take both from the same Secret.",
  },
  ERR_GRPC_SERVER_FILE: {
    cause: "A configured file is a directory, a device or larger than a Secret can be.",
    cure: "Correct the path.",
  },
};

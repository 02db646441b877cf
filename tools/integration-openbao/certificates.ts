// A throw-away CA and its leaves, made with the openssl command.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A CA certificate and its key. */
export function makeCa(folder: string, name = "ca"): CertificateFiles {
  const files = filesOf(folder, name);
  openssl("req", "-x509", ...newKey(files), "-days", "2", "-subj", `/CN=${name}`);
  return files;
}

/** A leaf for 127.0.0.1 and localhost, fit for servers and clients. */
export function makeLeaf(folder: string, name: string, ca: CertificateFiles): CertificateFiles {
  const files = filesOf(folder, name);
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(
    extensions,
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n",
  );
  openssl("req", "-new", ...newKey({ ...files, certFile: request }), "-subj", `/CN=${name}`);
  const signing = ["-CA", ca.certFile, "-CAkey", ca.keyFile, "-CAcreateserial", "-days", "2"];
  openssl("x509", "-req", "-in", request, ...signing, "-extfile", extensions, "-out", files.certFile);
  return files;
}

function filesOf(folder: string, name: string): CertificateFiles {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

function newKey({ certFile, keyFile }: CertificateFiles): readonly string[] {
  return [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-noenc",
    "-keyout",
    keyFile,
    "-out",
    certFile,
  ];
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

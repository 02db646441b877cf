// The measuring stick: a process that does TLS handshakes and nothing else. Arguments: certificate file, key file.
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";

const [certificate = "", key = ""] = process.argv.slice(2);
const server = createServer({
  cert: readFileSync(certificate),
  key: readFileSync(key),
  minVersion: "TLSv1.2",
  noDelay: true,
});
server.on("secureConnection", (socket) => {
  socket.on("error", () => undefined);
  socket.resume();
});
server.on("tlsClientError", () => undefined);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" ? address?.port : undefined);
});
process.on("disconnect", () => process.exit());

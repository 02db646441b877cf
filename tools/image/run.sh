#!/usr/bin/env bash
# Runs the image that build.sh made, as a cluster would: npm run image:run [-- flags of the signer].
# CA_DIR is mounted as /etc/talos-ca: tls.crt, tls.key (the Talos CA) and token. PORT and ADMIN_PORT are the host's.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/image/engine.sh

[ "$engine" != buildah ] || { echo "buildah runs no services: use docker or podman" >&2; exit 1; }
: "${CA_DIR:?is needed: a folder with tls.crt, tls.key and token}"
exec "$engine" run --rm --init --read-only --cap-drop ALL --security-opt no-new-privileges --memory 128m \
  --publish "${PORT:-50001}:50001" --publish "${ADMIN_PORT:-8081}:8081" \
  --volume "$(realpath "$CA_DIR"):/etc/talos-ca:ro" --env SERVER_IPS="${SERVER_IPS:-127.0.0.1}" "$image" "$@"

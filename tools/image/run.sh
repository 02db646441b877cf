#!/usr/bin/env bash
# Runs the image that build.sh made, as a cluster would: npm run image:run [-- [APP] flags of the app].
# PORT and ADMIN_PORT are the host's.
#
#   csr-signer  CA_DIR is mounted as /etc/talos-ca: tls.crt, tls.key (the Talos CA) and token
#   kms-vault   what VAULT_*, BAO_* and KMS_* say goes along. KEYRING_DIR, if set, is mounted for the keyring in place of a
#               Vault, and must be writable for uid 65532. TLS_DIR, if set, is mounted as /etc/kms-tls: tls.crt and tls.key
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/image/engine.sh

[ "$engine" != buildah ] || { echo "buildah runs no services: use docker or podman" >&2; exit 1; }
options=(--rm --init --read-only --cap-drop ALL --security-opt no-new-privileges --memory 128m --publish "${ADMIN_PORT:-8081}:8081")
case $app in
csr-signer)
  : "${CA_DIR:?is needed: a folder with tls.crt, tls.key and token}"
  options+=(--publish "${PORT:-50001}:50001" --volume "$(realpath "$CA_DIR"):/etc/talos-ca:ro" --env SERVER_IPS="${SERVER_IPS:-127.0.0.1}")
  ;;
kms-vault)
  options+=(--publish "${PORT:-8080}:8080")
  # Names alone: the engine takes the values from the environment, so that no token is an argument.
  for name in $(compgen -e | grep -E '^(VAULT|BAO|KMS)_' || true); do options+=(--env "$name"); done
  if [ -n "${KEYRING_DIR:-}" ]; then
    options+=(--volume "$(realpath "$KEYRING_DIR"):/keyring" --env KMS_BACKEND=keyring --env KMS_KEYRING_PATH=/keyring/keyring.json)
    options+=(--env KMS_KEYRING_CREATE="${KMS_KEYRING_CREATE:-true}")
  fi
  if [ -n "${TLS_DIR:-}" ]; then
    options+=(--volume "$(realpath "$TLS_DIR"):/etc/kms-tls:ro")
    rest=(--enable-tls --tls-cert=/etc/kms-tls/tls.crt --tls-key=/etc/kms-tls/tls.key "${rest[@]}")
  fi
  ;;
*) echo "no way to run $app is known here" >&2; exit 1 ;;
esac
exec "$engine" run "${options[@]}" "$image" "${rest[@]}"

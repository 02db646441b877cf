# shellcheck shell=bash disable=SC2034
# Names and the container engine that build.sh, push.sh and run.sh share.
: "${IMAGE_REGISTRY:=ghcr.io}" "${IMAGE_REPO:=talos-bridge/csr-signer}"
: "${IMAGE_TAG:=$(git describe --tags --always --dirty 2>/dev/null || echo dev)}"
image="$IMAGE_REGISTRY/$IMAGE_REPO:$IMAGE_TAG"

# The first engine that answers: a docker command is often there without its daemon.
engine=${IMAGE_ENGINE:-}
for candidate in docker podman buildah; do
  [ -z "$engine" ] && "$candidate" info >/dev/null 2>&1 && engine=$candidate
done
[ -n "$engine" ] || { echo "no container engine answers: docker, podman or buildah is needed" >&2; exit 1; }

# shellcheck shell=bash disable=SC2034
# What build.sh, push.sh and run.sh share: the app, which is the first argument if that names one, and csr-signer else; names;
# the container engine. The arguments that are left are in "${rest[@]}".
app=csr-signer rest=("$@")
if [ $# -gt 0 ] && [ -f "apps/$1/Dockerfile" ]; then app=$1 rest=("${@:2}"); fi

: "${IMAGE_REGISTRY:=ghcr.io}" "${IMAGE_REPO:=talos-bridge/$app}"
: "${IMAGE_TAG:=$(git describe --tags --always --dirty 2>/dev/null || echo dev)}"
image="$IMAGE_REGISTRY/$IMAGE_REPO:$IMAGE_TAG"

# The first engine that answers: a docker command is often there without its daemon.
engine=${IMAGE_ENGINE:-}
for candidate in docker podman buildah; do
  [ -z "$engine" ] && "$candidate" info >/dev/null 2>&1 && engine=$candidate
done
[ -n "$engine" ] || { echo "no container engine answers: docker, podman or buildah is needed" >&2; exit 1; }

#!/usr/bin/env bash
# Builds the signer's image: npm run image [-- more arguments of the engine's build].
# IMAGE_REGISTRY, IMAGE_REPO, IMAGE_TAG name it; IMAGE_ENGINE is docker, podman or buildah.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/image/engine.sh

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' apps/csr-signer/package.json)
revision=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
"$engine" build --file apps/csr-signer/Dockerfile --tag "$image" \
  --build-arg VERSION="$version" --build-arg REVISION="$revision" "$@" .
echo "built $image with $engine"

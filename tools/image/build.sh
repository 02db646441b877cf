#!/usr/bin/env bash
# Builds the image of an app: npm run image [-- [APP] more arguments of the engine's build].
# IMAGE_REGISTRY, IMAGE_REPO, IMAGE_TAG name it; IMAGE_ENGINE is docker, podman or buildah.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/image/engine.sh

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "apps/$app/package.json")
revision=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
"$engine" build --file "apps/$app/Dockerfile" --tag "$image" \
  --build-arg VERSION="$version" --build-arg REVISION="$revision" "${rest[@]}" .
echo "built $image with $engine"

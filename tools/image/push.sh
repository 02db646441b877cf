#!/usr/bin/env bash
# Pushes the image that build.sh made: npm run image:push [-- [APP] more arguments of the engine's push].
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/image/engine.sh

"$engine" push "${rest[@]}" "$image"
echo "pushed $image with $engine"

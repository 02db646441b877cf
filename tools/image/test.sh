#!/usr/bin/env bash
# Builds the images without a registry and runs each as a cluster would: read-only root, no capabilities, any user.
# The base is made of Debian's packages (make-base.sh); the bundle takes the place of the Dockerfile's build stage.
# Needs root on Debian or Ubuntu, Go and the installed node_modules; gets buildah and runc itself. Ends with counts.
#
#   npm run test:image [-- APP...]
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
umask 022

SIZE_LIMIT_MB=55
[ "$(id -u)" -eq 0 ] || { echo "test:image needs root: it makes and runs containers" >&2; exit 1; }
if ! command -v buildah >/dev/null || ! command -v runc >/dev/null; then
  # Lists first only where there are none, or none that know the packages.
  apt-cache show buildah runc >/dev/null 2>&1 || apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah runc >/dev/null ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah runc >/dev/null; }
fi
apt-cache show netbase >/dev/null 2>&1 || apt-get update -qq

work=$(mktemp -d)
running=() # names of containers that may be there
cleanup() {
  for name in "${running[@]}"; do runc --root "$work/runc" delete --force "$name" >/dev/null 2>&1 || true; done
  buildah_ rm --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
buildah_() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

passed=0 failed=0
check() { # NAME COMMAND...: good where the command is
  local name=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    sed 's/^/      /' "$work/check.log" | tail -n 20
  fi
}
same() { [ "$1" = "$2" ] || { printf 'is   %s\nwant %s\n' "$1" "$2"; return 1; }; }
free_port() { # below the ports that clients get
  node -e 'const s=require("node:net").createServer();(function t(){s.once("error",t).listen(20000+Math.floor(Math.random()*12000),"127.0.0.1",()=>{console.log(s.address().port);s.close()})})()'
}
ready() { # ADMIN_PORT: within 10 s
  node -e 'const end=Date.now()+1e4;(async()=>{for(;;){const r=await fetch(`http://127.0.0.1:${process.argv[1]}/readyz`).catch(()=>0);if(r.status===200)return;if(Date.now()>end)process.exit(1);await new Promise(d=>setTimeout(d,50))}})()' "$1"
}
inside() { runc --root "$work/runc" exec "$1" /nodejs/bin/node -e "$2"; }
status_of() { sed -n "s/^$2:\t\(.*\)/\1/p" "/proc/$1/status" | tr '\t' ' '; }
config() { node tools/image/image-config.ts "$layout" "$1"; }

build_app() {
  echo "== $app: build"
  (cd "apps/$app" && node ../../tools/bundle.ts)
  mkdir -p "$work/context-$app"
  cp -R "apps/$app/dist" "$work/context-$app/app"
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "apps/$app/package.json")
  layout=$work/oci-$app
  buildah_ bud --isolation chroot --timestamp 0 --quiet --build-context build="$work/context-$app" --build-arg BASE=localhost/base:1 \
    --build-arg VERSION="$version" --build-arg REVISION=test -f "apps/$app/Dockerfile" -t "localhost/$app:1" . >/dev/null
  buildah_ push --quiet --compression-format gzip "localhost/$app:1" "oci:$layout:1" >/dev/null 2>&1
  root=$(buildah_ mount "$(buildah_ from "localhost/$app:1")")
}

at_rest() {
  local size_mb
  echo "== $app: the image at rest"
  size_mb=$(du -cb "$layout"/blobs/sha256/* | awk 'END { printf "%.1f", $1 / 1e6 }')
  echo "      $size_mb MB, gzip"
  check "at most $SIZE_LIMIT_MB MB compressed" awk "BEGIN { exit !($size_mb > 0 && $size_mb <= $SIZE_LIMIT_MB) }"
  check "runs as 65532 by default" same "$(config User)" '"65532:65532"'
  check "entry point has the flags and takes flags" same "$(config Entrypoint) $(config Cmd)" \
    '["/nodejs/bin/node","--max-old-space-size=48","--max-semi-space-size=2","--no-sparkplug","/app/main.js"] null'
  check "ports are told" same "$(config ExposedPorts)" "$ports"
  check "version label" grep -qF "\"org.opencontainers.image.version\":\"$version\"" <(config Labels)
  check "no shell, no package manager" same "$(shells)" ""
  check "no program but Node and the loader" same \
    "$(cd "$root" && find . -type f -perm /111 ! -name '*.so*' | sort | tr '\n' ' ')" "./nodejs/bin/node "
  check "no set-uid files" same "$(find "$root" -type f -perm /6000)" ""
  check "licences of what is bundled" grep -q "^$licence .*: Apache-2.0" "$root/app/LICENSES.txt"
}
shells() { find "$root" \( -name sh -o -name '*bash' -o -name dash -o -name ash -o -name zsh -o -name busybox -o -name apt-get -o -name dpkg \) \
  ! -type d ! -path '*/usr/share/*'; }

bundle() { # NAME, and what is wanted of it on standard input
  mkdir -p "$work/$1"
  (cd "$work/$1" && runc spec)
  node tools/image/runc-bundle.ts "$work/$1/config.json" "$layout" "$root"
  running+=("$1")
}

runs=0
run_as() { # UID
  local uid=$1 name port admin pid code=0
  runs=$((runs + 1)) name=$app-$runs-$$ port=$(free_port) admin=$(free_port)
  echo "== $app: running as $uid"
  wanted "$uid" "$port" "$admin" | bundle "$name"
  runc --root "$work/runc" run --bundle "$work/$name" "$name" >"$work/$name.log" 2>&1 &
  local waiting=$!
  check "ready within 10 s" ready "$admin"
  pid=$(runc --root "$work/runc" state "$name" 2>/dev/null | sed -n 's/^ *"pid": \([0-9]*\),$/\1/p')
  use "$port"
  check "user" same "$(status_of "${pid:-self}" Uid)" "$uid $uid $uid $uid"
  check "no capability" same "$(status_of "${pid:-self}" CapEff) $(status_of "${pid:-self}" NoNewPrivs)" "0000000000000000 1"
  check "heap limits are on" grep -q -- ' --max-old-space-size=48 --max-semi-space-size=2 --no-sparkplug /app/main.js ' \
    <(tr '\0' ' ' <"/proc/${pid:-self}/cmdline")
  check "malloc's limits are on" grep -qx 'MALLOC_ARENA_MAX=1' <(tr '\0' '\n' <"/proc/${pid:-self}/environ")
  check "root is read-only" same \
    "$(inside "$name" "for (const f of ['/x', '/app/x', '$never_written']) try { require('node:fs').writeFileSync(f, 'x'); console.log('written') } catch (e) { console.log(e.code) }" | tr '\n' ' ')" \
    "EROFS EROFS EROFS "
  echo "      $(status_of "${pid:-self}" VmHWM) at most resident"
  runc --root "$work/runc" kill "$name" TERM || true
  wait "$waiting" || code=$?
  check "SIGTERM ends it with status 0" same "$code" 0
  check "says what it did, in JSON" node -e '
    const lines = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((l) => JSON.parse(l).msg);
    for (const m of JSON.parse(process.argv[2])) if (!lines.includes(m)) throw new Error(`no ${m} in ${lines}`)' "$work/$name.log" "$messages"
  [ "$failed" -eq 0 ] || tail -n 5 "$work/$name.log" | sed 's/^/      /'
}

flags() {
  local name=flags-$app-$$
  echo "== $app: flags"
  echo '{"uid":65532,"args":["--version"],"env":[],"mounts":[]}' | bundle "$name"
  check "--version as the container's only argument" same \
    "$(runc --root "$work/runc" run --bundle "$work/$name" "$name" 2>&1)" "$app $version"
}

base=$(bash tools/image/make-base.sh)
printf 'FROM scratch\nCOPY . /\n' >"$work/Dockerfile.base"
buildah_ bud --isolation chroot --timestamp 0 --quiet -f "$work/Dockerfile.base" -t localhost/base:1 "$base" >/dev/null

apps=("$@")
[ $# -gt 0 ] || apps=(csr-signer kms-vault)
for app in "${apps[@]}"; do
  # shellcheck source=/dev/null
  . "tools/image/test-$app.sh"
  build_app
  at_rest
  prepare
  test_runs
  flags
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

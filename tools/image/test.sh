#!/usr/bin/env bash
# Builds the signer's image without a registry and runs it as a cluster would: read-only root, no capabilities, any user.
# The base is made of Debian's packages (make-base.sh); the bundle takes the place of the Dockerfile's build stage.
# Needs root on Debian or Ubuntu, Go and the installed node_modules; gets buildah and runc itself. Ends with counts.
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

echo "== build"
conformance=$(node tools/conformance/build.ts)
(cd apps/csr-signer && node ../../tools/bundle.ts)
mkdir -p "$work/context" "$work/cluster"
cp -R apps/csr-signer/dist "$work/context/app"
base=$(bash tools/image/make-base.sh)
printf 'FROM scratch\nCOPY . /\n' >"$work/Dockerfile.base"
buildah_ bud --isolation chroot --timestamp 0 --quiet -f "$work/Dockerfile.base" -t localhost/base:1 "$base" >/dev/null
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' apps/csr-signer/package.json)
image=localhost/csr-signer:1
buildah_ bud --isolation chroot --timestamp 0 --quiet --build-context build="$work/context" --build-arg BASE=localhost/base:1 \
  --build-arg VERSION="$version" --build-arg REVISION=test -f apps/csr-signer/Dockerfile -t "$image" . >/dev/null
buildah_ push --quiet --compression-format gzip "$image" "oci:$work/oci:1" >/dev/null 2>&1
container=$(buildah_ from "$image")
root=$(buildah_ mount "$container")

echo "== the image at rest"
config() { # KEY: of the image's configuration, as one line of JSON
  node - "$work/oci" "$1" <<'JS'
const { readFileSync } = require("node:fs");
const [, , layout, key] = process.argv;
const read = (file) => JSON.parse(readFileSync(`${layout}/${file}`, "utf8"));
const blob = ({ digest }) => read(`blobs/${digest.replace(":", "/")}`);
const value = blob(blob(read("index.json").manifests[0]).config).config[key];
console.log(JSON.stringify(value ?? null));
JS
}
size_mb=$(du -cb "$work"/oci/blobs/sha256/* | awk 'END { printf "%.1f", $1 / 1e6 }')
echo "      $size_mb MB, gzip"
check "at most $SIZE_LIMIT_MB MB compressed" awk "BEGIN { exit !($size_mb > 0 && $size_mb <= $SIZE_LIMIT_MB) }"
check "runs as 65532 by default" same "$(config User)" '"65532:65532"'
check "entry point has the heap limits and takes flags" same "$(config Entrypoint) $(config Cmd)" \
  '["/nodejs/bin/node","--max-old-space-size=48","--max-semi-space-size=2","/app/main.js"] null'
check "ports are told" same "$(config ExposedPorts)" '{"50001/tcp":{},"8081/tcp":{}}'
check "version label" grep -qF "\"org.opencontainers.image.version\":\"$version\"" <(config Labels)
shells() { find "$root" \( -name sh -o -name '*bash' -o -name dash -o -name ash -o -name zsh -o -name busybox -o -name apt-get -o -name dpkg \) \
  ! -type d ! -path '*/usr/share/*'; }
check "no shell, no package manager" same "$(shells)" ""
check "no program but Node and the loader" same \
  "$(cd "$root" && find . -type f -perm /111 ! -name '*.so*' | sort | tr '\n' ' ')" "./nodejs/bin/node "
check "no set-uid files" same "$(find "$root" -type f -perm /6000)" ""
check "licences of what is bundled" grep -q '^pino .*: MIT' "$root/app/LICENSES.txt"

"$conformance" make-cluster --dir "$work/cluster"

spec() { # NAME UID ARGS...: a bundle for runc, as the chart would run it
  local dir=$work/$1
  mkdir -p "$dir"
  (cd "$dir" && runc spec)
  node - "$dir/config.json" "$root" "$2" "$work/cluster" "${@:3}" <<'JS'
const { readFileSync, writeFileSync } = require("node:fs");
const [, , file, root, uid, cluster, ...args] = process.argv;
const spec = JSON.parse(readFileSync(file, "utf8"));
const [port, admin, ...flags] = args;
spec.root = { path: root, readonly: true };
Object.assign(spec.process, {
  terminal: false,
  user: { uid: Number(uid), gid: Number(uid) },
  args: ["/nodejs/bin/node", "--max-old-space-size=48", "--max-semi-space-size=2", "/app/main.js", ...flags],
  env: ["PATH=/nodejs/bin", `PORT=${port}`, `ADMIN_ADDR=127.0.0.1:${admin}`, "BIND_ADDRESS=127.0.0.1", "SERVER_IPS=127.0.0.1"],
  noNewPrivileges: true,
  capabilities: { bounding: [], effective: [], permitted: [] },
});
spec.mounts.push(
  { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777", "size=1m"] },
  { destination: "/etc/talos-ca", type: "bind", source: cluster, options: ["rbind", "ro"] },
);
// The host's loopback is the one that the test talks to.
spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== "network" && type !== "cgroup");
delete spec.linux.resources;
writeFileSync(file, JSON.stringify(spec));
JS
}
free_port() { # below the ports that clients get
  node -e 'const s=require("node:net").createServer();(function t(){s.once("error",t).listen(20000+Math.floor(Math.random()*12000),"127.0.0.1",()=>{console.log(s.address().port);s.close()})})()'
}
ready() { # ADMIN_PORT: within 10 s
  node -e 'const end=Date.now()+1e4;(async()=>{for(;;){const r=await fetch(`http://127.0.0.1:${process.argv[1]}/readyz`).catch(()=>0);if(r.status===200)return;if(Date.now()>end)process.exit(1);await new Promise(d=>setTimeout(d,50))}})()' "$1"
}
inside() { runc --root "$work/runc" exec "$1" /nodejs/bin/node -e "$2"; }
status_of() { sed -n "s/^$2:\t\(.*\)/\1/p" "/proc/$1/status" | tr '\t' ' '; }

run_as() { # UID
  local uid=$1 name=signer-$1-$$ port admin pid code=0
  port=$(free_port) admin=$(free_port)
  echo "== running as $uid"
  spec "$name" "$uid" "$port" "$admin"
  running+=("$name")
  runc --root "$work/runc" run --bundle "$work/$name" "$name" >"$work/$name.log" 2>&1 &
  local waiting=$!
  check "ready within 10 s" ready "$admin"
  pid=$(runc --root "$work/runc" state "$name" 2>/dev/null | sed -n 's/^ *"pid": \([0-9]*\),$/\1/p')
  check "gives Talos's own client a certificate" "$conformance" get-certificate \
    --addr "127.0.0.1:$port" --token-file "$work/cluster/token" --ca "$work/cluster/tls.crt"
  sed 's/^/      /' "$work/check.log" | tail -n 1
  check "user" same "$(status_of "${pid:-self}" Uid)" "$uid $uid $uid $uid"
  check "no capability" same "$(status_of "${pid:-self}" CapEff) $(status_of "${pid:-self}" NoNewPrivs)" "0000000000000000 1"
  check "heap limits are on" same "$(tr '\0' ' ' <"/proc/${pid:-self}/cmdline")" \
    "/nodejs/bin/node --max-old-space-size=48 --max-semi-space-size=2 /app/main.js "
  check "root is read-only" same \
    "$(inside "$name" 'for (const f of ["/x", "/app/x", "/etc/talos-ca/x"]) try { require("node:fs").writeFileSync(f, "x"); console.log("written") } catch (e) { console.log(e.code) }' | tr '\n' ' ')" \
    "EROFS EROFS EROFS "
  echo "      $(status_of "${pid:-self}" VmHWM) at most resident"
  runc --root "$work/runc" kill "$name" TERM || true
  wait "$waiting" || code=$?
  check "SIGTERM ends it with status 0" same "$code" 0
  check "says what it did, in JSON" node -e '
    const lines = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((l) => JSON.parse(l).msg);
    for (const m of ["listening", "signed", "stopped"]) if (!lines.includes(m)) throw new Error(`no ${m} in ${lines}`)' "$work/$name.log"
  [ "$failed" -eq 0 ] || tail -n 5 "$work/$name.log" | sed 's/^/      /'
}

run_as 65532
run_as 10001

echo "== flags"
flags_name=flags-$$
spec "$flags_name" 65532 1 1 --version
running+=("$flags_name")
check "--version as the container's only argument" same "$(runc --root "$work/runc" run --bundle "$work/$flags_name" "$flags_name" 2>&1)" "csr-signer $version"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

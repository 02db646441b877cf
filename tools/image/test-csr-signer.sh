# shellcheck shell=bash disable=SC2034,SC2154
# What test.sh does with the signer's image: Talos's own client gets a certificate.
ports='{"50001/tcp":{},"8081/tcp":{}}'
licence=prom-client
never_written=/etc/talos-ca/x
messages='["listening","signed","stopped"]'

prepare() {
  conformance=$(node tools/conformance/build.ts)
  mkdir -p "$work/cluster"
  "$conformance" make-cluster --dir "$work/cluster"
}
wanted() { # UID PORT ADMIN_PORT: for runc-bundle.ts
  echo "{\"uid\":$1,\"args\":[],\"env\":[\"PORT=$2\",\"ADMIN_ADDR=127.0.0.1:$3\",\"BIND_ADDRESS=127.0.0.1\",\"SERVER_IPS=127.0.0.1\"],
    \"mounts\":[{\"destination\":\"/etc/talos-ca\",\"type\":\"bind\",\"source\":\"$work/cluster\",\"options\":[\"rbind\",\"ro\"]}]}"
}
use() { # PORT
  check "gives Talos's own client a certificate" "$conformance" get-certificate \
    --addr "127.0.0.1:$1" --token-file "$work/cluster/token" --ca "$work/cluster/tls.crt"
  sed 's/^/      /' "$work/check.log" | tail -n 1
}
test_runs() {
  run_as 65532
  run_as 10001
}

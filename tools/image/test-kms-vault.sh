# shellcheck shell=bash disable=SC2034,SC2154
# What test.sh does with kms-vault's image: a node seals and unseals, with the keyring on a volume that outlives the
# container, and on one that does not.
ports='{"8080/tcp":{},"8081/tcp":{}}'
licence=prom-client
never_written=/app/main.js
messages='["listening","unsealed","stopped"]'

prepare() {
  mkdir -p "$work/keyring"
  chown 65532 "$work/keyring"
  chmod 700 "$work/keyring"
  keyring="{\"destination\":\"/keyring\",\"type\":\"bind\",\"source\":\"$work/keyring\",\"options\":[\"rbind\",\"rw\"]}"
  kept=$work/kept.json
}
wanted() { # UID PORT ADMIN_PORT: for runc-bundle.ts
  echo "{\"uid\":$1,\"args\":[\"--kms-api-endpoint=127.0.0.1:$2\",\"--health-server-addr=127.0.0.1:$3\"],
    \"env\":[\"KMS_BACKEND=keyring\",\"KMS_KEYRING_PATH=/keyring/keyring.json\",\"KMS_KEYRING_CREATE=true\"],\"mounts\":[$keyring]}"
}
use() { # PORT
  check "a node's key is sealed and unsealed" \
    node --conditions=@talos-bridge/source tools/image/use-kms.ts "127.0.0.1:$1" "$kept"
  sed 's/^/      /' "$work/check.log" | tail -n 1
}
test_runs() {
  run_as 65532
  check "the keyring is its owner's alone" same "$(stat -c '%u %a' "$work/keyring/keyring.json")" "65532 600"
  run_as 65532
  keyring='{"destination":"/keyring","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","mode=0700","uid=10001","size=1m"]}'
  kept=$work/kept-tmpfs.json
  run_as 10001
}

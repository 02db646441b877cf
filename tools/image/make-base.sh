#!/usr/bin/env bash
# Makes a root file system that stands in for the distroless base where no registry can be reached, and prints its path:
# glibc and what Node needs from Debian's packages, CA certificates, the pinned Node, and no shell. Kept in a cache
# outside the work tree, keyed by all that goes into it. Debian or Ubuntu with apt.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(base-files ca-certificates libc6 libgcc-s1 libstdc++6 netbase tzdata)
node=$(realpath node_modules/.bin/node)
versions=$(apt-cache show --no-all-versions "${packages[@]}" 2>/dev/null | sed -n 's/^\(Package\|Version\|SHA256\): /\1 /p')
[ "$(grep -c '^Version ' <<<"$versions")" -eq ${#packages[@]} ] || { echo "apt knows not all of: ${packages[*]}" >&2; exit 1; }
key=$({ echo "$versions"; "$node" --version; sha256sum <tools/image/make-base.sh; } | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/talos-bridge-tools/image-base-$key
[ -d "$cache" ] && { echo "$cache"; exit; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$work/debs" "$root/var/lib/dpkg/status.d" "$root/nodejs/bin" "$root/tmp"
# apt fetches as its own user where it can: give it a folder that this user may write to.
chmod 755 "$work"; chmod 777 "$work/debs"
(cd "$work/debs" && apt-get download -qq "${packages[@]}" >&2)
for deb in "$work"/debs/*.deb; do
  dpkg-deb --extract "$deb" "$root"
  # What tools that list an image's packages look for.
  dpkg-deb --field "$deb" >"$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)"
done
find "$root/usr/share/ca-certificates/mozilla" -name '*.crt' | sort | xargs cat >"$work/ca-certificates.crt"
install -D -m 644 "$work/ca-certificates.crt" "$root/etc/ssl/certs/ca-certificates.crt"
install -m 755 "$node" "$root/nodejs/bin/node"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
chmod 1777 "$root/tmp"
# What no service needs: programs, documents but for the licences, converters of character sets (Node has its own).
find "$root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$root"/usr/lib/*/gconv
rm -rf "$root"/usr/share/{man,lintian,bug,locale,gcc,gdb} "${root:?}"/usr/{sbin,bin} "${root:?}"/{sbin,bin} "$root"/etc/{ca-certificates,update-motd.d}
mkdir -p "$(dirname "$cache")"
mv -T "$root" "$cache.$$"
mv -T "$cache.$$" "$cache" 2>/dev/null || rm -rf "$cache.$$"
echo "$cache"

#!/bin/bash
# Brings the programs that the lab and the benches compare with (nginx, keepalived, haproxy, apache2,
# wrk, frr, bird) into a folder of their own, so that none of them is ever installed or started as a service of
# this machine. Debian's packages are downloaded and unpacked side by side; libraries that the
# machine lacks are unpacked with them, and each program gets a small starter that knows the way.
#
#   tests/lab/peers.sh [DIR]        fetch into DIR (default: build/peers); the second time it is quick
#   tests/lab/peers.sh --packages   the Debian packages that the lab itself needs installed
#
# Afterwards DIR/bin/NAME starts a program; DIR/root is the unpacked tree; DIR/README tells the rest.
set -eu

lab_packages="iproute2 util-linux tcpdump psmisc procps curl nftables python3 python3-pytest
              python3-pytest-xdist"
peers="frr bird2 nginx nginx-common keepalived haproxy apache2 apache2-bin apache2-data wrk media-types"
programs="nginx:usr/sbin/nginx keepalived:usr/sbin/keepalived haproxy:usr/sbin/haproxy
          apache2:usr/sbin/apache2 wrk:usr/bin/wrk zebra:usr/lib/frr/zebra bfdd:usr/lib/frr/bfdd
          vtysh:usr/bin/vtysh bird:usr/sbin/bird birdc:usr/sbin/birdc"

if [ "${1:-}" = --packages ]; then
    echo $lab_packages
    exit 0
fi

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here/../../build/peers}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
self_sum=$(cksum < "$here/peers.sh")

# A finished folder says which version of this script made it and where it stood (starters hold paths).
[ "$(cat "$dir/.complete" 2>/dev/null)" = "$self_sum $dir" ] && exit 0
exec 9> "$dir/.lock"
flock 9
[ "$(cat "$dir/.complete" 2>/dev/null)" = "$self_sum $dir" ] && exit 0

apt="apt-get -q -o APT::Sandbox::User=root"
$apt -s install --no-install-recommends $peers > /dev/null 2>&1 || $apt update > /dev/null

# What apt would install beside the peers is what this machine lacks; the peers themselves are
# fetched even where they are installed, so that every machine compares with the same tree.
missing=$($apt -s install --no-install-recommends $peers | awk '$1 == "Inst" {print $2}')
wanted=$(printf '%s\n' $peers $missing | sort -u)

rm -rf "$dir/debs" "$dir/root" "$dir/bin"
mkdir -p "$dir/debs" "$dir/root" "$dir/bin"
fetch() { (cd "$dir/debs" && $apt download $wanted > "$dir/download.log" 2>&1); }
# A package list that is some days old may name versions that are gone: once more with a new one.
fetch || { $apt update > /dev/null && fetch; } || { cat "$dir/download.log"; exit 1; }
for package in "$dir"/debs/*.deb; do dpkg -x "$package" "$dir/root"; done

triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
libraries="$dir/root/usr/lib/$triplet:$dir/root/lib/$triplet:$dir/root/usr/lib/$triplet/frr"
for entry in $programs; do
    name=${entry%%:*}
    cat > "$dir/bin/$name" << STARTER
#!/bin/sh
LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec $dir/root/${entry#*:} "\$@"
STARTER
    chmod +x "$dir/bin/$name"
done

# Every program must really start: a missing library shows here and not in the middle of a test.
"$dir/bin/nginx" -v 2> /dev/null
"$dir/bin/keepalived" -v 2> /dev/null
"$dir/bin/haproxy" -v > /dev/null
"$dir/bin/apache2" -v > /dev/null
"$dir/bin/zebra" --version > /dev/null
"$dir/bin/bfdd" --version > /dev/null
"$dir/bin/bird" --version 2> /dev/null
ldd "$dir/root/usr/bin/wrk" | awk -v path="$libraries" '/not found/ {bad = 1} END {exit bad}' \
    || LD_LIBRARY_PATH=$libraries ldd "$dir/root/usr/bin/wrk" | awk '/not found/ {bad = 1} END {exit bad}'

cat > "$dir/README" << README
Peers of baton, unpacked from Debian's packages and not installed: nothing here runs by itself.
Start them by DIR/bin/NAME (it sets LD_LIBRARY_PATH), or by DIR/root/... with
  LD_LIBRARY_PATH=$libraries
Run them on loopback ports of your own or inside network namespaces, always with their own files:
  nginx       $dir/bin/nginx -p WORK -c WORK/nginx.conf -e WORK/error.log      (pid and temp paths: set them in nginx.conf:
              pid, client_body_temp_path, proxy_temp_path, fastcgi_temp_path, uwsgi_temp_path, scgi_temp_path, access_log)
              mime.types: $dir/root/etc/nginx/mime.types   Debian's main file: $dir/root/etc/nginx/nginx.conf
  keepalived  $dir/bin/keepalived -n -l -D -f WORK/keepalived.conf -p WORK/k.pid -r WORK/v.pid -c WORK/c.pid   (in a namespace)
  haproxy     $dir/bin/haproxy -f WORK/haproxy.cfg
  apache2     $dir/bin/apache2 -d WORK -f WORK/httpd.conf -DFOREGROUND          (modules: $dir/root/usr/lib/apache2/modules)
  wrk         $dir/bin/wrk -t1 -c32 -d5s http://127.0.0.1:PORT/
README
echo "$self_sum $dir" > "$dir/.complete"

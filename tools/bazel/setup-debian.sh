#!/bin/bash
# Unpacks Bazel 7 from Debian's packages into a folder of its own: setup-debian.sh FOLDER
#
# For machines that reach Debian's packages but neither bazelisk's downloads nor GitHub. Debian 12
# itself has only Bazel 4, so the packages come from sid, together with the shared libraries and
# the Java that they were built for; nothing is installed on the system, and no root is needed.
# The programs that Bazel starts (gcc, go, sh) stay the system's own, so that what it builds runs
# on the system.
#
# Running it again is a matter of milliseconds. Settings: KALLAD_DEBIAN_MIRROR (default: the one of
# this machine's apt) and KALLAD_DEBIAN_SUITES (default: "sid testing", the first that has Bazel 7).
set -euo pipefail

# To be raised with every change here that must reach machines that are set up already.
recipe=1

prefix=${1:?folder to unpack into}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mark=$prefix/.complete

say() { echo "set up Bazel: $*" >&2; }
die() { say "$*"; exit 1; }
complete() { [ "$(cat "$mark" 2>/dev/null)" = "kallad $recipe" ]; }

complete && exit 0
for tool in apt-get dpkg-deb flock; do
  command -v "$tool" >/dev/null ||
    die "no bazelisk and no Bazel 7 in PATH, and this is no Debian ($tool is missing); install bazelisk (https://github.com/bazelbuild/bazelisk)"
done
mkdir -p "$(dirname "$prefix")"
exec 9> "$prefix.lock"
flock 9
complete && exit 0

arch=$(dpkg --print-architecture)
case $arch in
  amd64) triplet=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
  *) die "no recipe for $arch; install bazelisk (https://github.com/bazelbuild/bazelisk)" ;;
esac
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || die "$keyring is missing; get it with: apt-get install debian-archive-keyring"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An apt with a state of its own: it believes that nothing is installed and knows one suite only.
# A mirror may be a snapshot of some day: its signature counts, its age does not.
private_apt() {
  local mirror=$1 suite=$2
  rm -rf "$work/apt"
  mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"
  : > "$work/apt/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" > "$work/apt/sources.list"
  cat > "$work/apt.conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
CONF
  APT_CONFIG=$work/apt.conf apt-get update -qq
}

# libblake3 is loaded by Bazel's own Java code; its package forgets to say so.
roots=(bazel-bootstrap bazel-rules-shell libblake3-0 patchelf)

# Of everything the packages depend on: Bazel and its rules, Java, the jars, and the libraries of
# the programs. The rest is compilers and build tools, which are the system's.
wanted='^(bazel-.*|patchelf|velocity|openjdk-[0-9]+-jre-headless|libasync-profiler-jni|lib.*-java|libblake3-0|libc6|libgcc-s1|libstdc\+\+6|zlib1g|libzstd1|libssl3(t64)?|libcares2|libabsl[0-9]+.*|libre2-.*|libgrpc.*|libprotobuf[0-9].*|libtbb.*)$'
unwanted='^lib(eclipse|maven|plexus|sisu|wagon|guice|jgit|jsch|bcprov|jetty|tomcat9|servlet|jsp|el-api|websocket|log4j|jackson2).*-java$'

fetch() {
  export APT_CONFIG=$work/apt.conf
  apt-get -s -y install "${roots[@]}" > "$work/plan" 2>"$work/errors" || return
  awk '$1 == "Inst" {print $2}' "$work/plan" | sort -u | grep -E "$wanted" | grep -vE "$unwanted" > "$work/names"
  grep -qx bazel-bootstrap "$work/names" || return
  # Only the wanted version; before some hundred megabytes are fetched.
  grep -qE '^Inst bazel-bootstrap \(7\.' "$work/plan" || return
  mkdir -p "$work/debs"
  (cd "$work/debs" && xargs apt-get download -qq < "$work/names")
}

mirror=${KALLAD_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1 || true)}
[ -n "$mirror" ] || die "this machine's apt knows no Debian mirror; set KALLAD_DEBIAN_MIRROR"
for suite in ${KALLAD_DEBIAN_SUITES:-sid testing}; do
  say "fetch from Debian $suite"
  private_apt "$mirror" "$suite"
  if (fetch); then
    break
  fi
  [ ! -s "$work/errors" ] || cat "$work/errors" >&2
done
[ -d "$work/debs" ] || die "found no bazel-bootstrap 7 on $mirror"

new=$prefix.new
rm -rf "$new"
mkdir -p "$new"
(cd "$work/debs" && sha256sum -- *.deb) > "$new/packages.sha256"
for deb in "$work"/debs/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --exclude=./usr/share/doc --exclude=./usr/share/man \
    --exclude=./usr/share/locale --exclude=./usr/share/maven-repo --exclude="./usr/lib/$triplet/gconv"
done
# From here on, paths name the final place: they are written into files and programs.
rm -rf "$prefix"
mv "$new" "$prefix"

# Links that mean the root of the file system mean the folder instead.
find "$prefix" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link target; do
  [ ! -e "$prefix$target" ] || ln -sfn "$prefix$target" "$link"
done
jdk=$(find "$prefix/usr/lib/jvm" -maxdepth 1 -type d -name 'java-[0-9]*-openjdk-*' | head -n 1)
ln -sfn "$jdk" "$prefix/jdk"

# Programs find the unpacked loader and libraries, which are newer than the system's.
libs=$prefix/usr/lib/$triplet
patch_program() {
  local path=$1 rpath=$2
  "$libs/$loader" --library-path "$libs" "$work/patchelf" --force-rpath --set-rpath "$rpath" --set-interpreter "$libs/$loader" "$path"
}
mv "$prefix/usr/bin/patchelf" "$work/patchelf"
for program in "$prefix/usr/bin/bazel" "$prefix/usr/libexec/$triplet/bazel"/*; do
  patch_program "$program" "$libs"
done
for program in "$jdk/bin/java" "$jdk/lib/jspawnhelper"; do
  patch_program "$program" "$libs:$jdk/lib:$jdk/lib/server"
done
(cd "$here/../.." && go run ./tools/bazel/classpath "$prefix")

# The repositories that rules_go and gazelle would fetch from GitHub are Debian packages, too.
share=$prefix/usr/share/bazel
override() {
  [ -d "$2" ] || die "the packages have no $2"
  echo "common --override_repository=$1=$2" >> "$prefix/bazelrc"
}
: > "$prefix/bazelrc"
override bazel_features "$share/tools/features"
override bazel_skylib "$share/tools/skylib"
override platforms "$share/tools/platforms"
for rules in cc java license proto python shell; do
  override "rules_$rules" "$share/rules/$rules"
done
override rules_java_builtin "$share/rules/java"
cp -R "$here/package_metadata" "$prefix/package_metadata"
override package_metadata "$prefix/package_metadata"

cat > "$prefix/bazel" <<WRAPPER
#!/bin/sh
exec "$prefix/usr/bin/bazel" --nosystem_rc --bazelrc="$prefix/bazelrc" --trust_install_base \\
  --install_base="$share" --server_javabase="$prefix/jdk" --host_jvm_args=--enable-native-access=ALL-UNNAMED "\$@"
WRAPPER
chmod +x "$prefix/bazel"
label=$(cat "$share/build-label.txt")
echo "kallad $recipe" > "$mark"
say "Bazel $label is in $prefix ($(du -sh "$prefix" | cut -f 1))"

# shellcheck shell=bash
# What the tests on booted hosts share: a small language, and the clean-up. Sourced, from the top of the tree.
#
#   ok TITLE COMMAND…     one check: passes when COMMAND does; its output is shown when it fails
#   must TITLE COMMAND…   the same, and the end of the test when it fails: nothing after it could pass
#   on HOST 'SHELL TEXT'  runs a script on a host
#   finish                prints "N passed, N failed" and exits
#   include DEB… -- NAME… what a host's root folder has to hold for the packages, and what else, as TESTHOST_INCLUDE

if [ "$(id -u)" != 0 ]; then
  echo "hosts are booted by root only: sudo make test-hosts"
  echo "0 passed, 1 failed"
  exit 1
fi

TESTHOST=$PWD/tests/tools/testhost
export TESTHOST_ID=${TESTHOST_ID:-rh} TESTHOST_SUBNET=${TESTHOST_SUBNET:-10.213.0}
work=$(mktemp -d)
passed=0 failed=0 begin=$SECONDS

clean_up() {
  "$TESTHOST" destroy --all >/dev/null 2>&1
  rm -rf "$work"
}
trap clean_up EXIT

ok() {
  local title=$1; shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1))
    printf 'ok - %s (%d s)\n' "$title" $((SECONDS - begin))
  else
    failed=$((failed + 1))
    printf 'FAILED - %s\n' "$title"
    tail -30 "$work/output" | sed 's/^/    /'
    return 1
  fi
}

must() { ok "$@" || finish; }

on() { local host=$1; shift; "$TESTHOST" exec "$host" bash -euo pipefail -c "$*"; }

# eventually SECONDS COMMAND…: until it passes
eventually() {
  local end=$((SECONDS + $1)); shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

include() {
  local debs=()
  while [ "$1" != -- ]; do debs+=("$1"); shift; done
  shift
  { for deb in "${debs[@]}"; do dpkg-deb -f "$deb" Pre-Depends Depends; done | tr ',' '\n' | sed 's/^[A-Za-z-]*: //; s/[(|].*//; s/ //g'
    printf '%s\n' "$@"; } | grep -v -e '^$' -e '^docker-registry' | sort -u | paste -sd,
}
# For the hosts that Puppet works on, all with one root folder.
# shellcheck disable=SC2034
puppet_host_packages=(puppet-agent puppet-module-puppetlabs-stdlib autopkgtest dpkg-dev python3 skopeo)

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
}

# shellcheck shell=bash disable=SC2034,SC2154
# Replication, lag and faults of a running cluster; sourced by swift-aio.

once() {                     # $1 daemon, $2 conf: run it once, here
    runner "$PY" "$DIR/lib/swift_aio_run.py" "$ETC" "/usr/bin/swift-$1" "$ETC/$2.conf" once -v \
        >>"$LOG/$1.log" 2>&1 </dev/null || die "swift-$1 failed (log: $LOG/$1.log)"
}

http() {                     # METHOD URL [HEADER...]: status on stdout
    "$PY" -c '
import sys, urllib.request, urllib.error
req = urllib.request.Request(sys.argv[2], method=sys.argv[1])
for h in sys.argv[3:]:
    k, v = h.split(": ", 1); req.add_header(k, v)
try: r = urllib.request.urlopen(req)
except urllib.error.HTTPError as e: r = e
print(r.status if hasattr(r, "status") else r.code)
for k, v in r.headers.items(): print(k.lower() + ": " + v)
' "$@"
}

token() {                    # first user: "TOKEN STORAGE_URL"
    local first=${USERS%% *} acct rest user key
    acct=${first%%:*} rest=${first#*:}; user=${rest%%:*} key=${rest#*:}
    http GET "$URL/auth/v1.0" "X-Auth-User: $acct:$user" "X-Auth-Key: $key" |
        awk 'tolower($1)=="x-auth-token:"{t=$2} tolower($1)=="x-storage-url:"{u=$2} END{print t, u}'
}

container_post() {           # CONTAINER HEADER...: make it, set headers
    local c=$1 t u; shift
    read -r t u < <(token)
    [ -n "$t" ] || die "no token from $URL"
    local st; st=$(http PUT "$u/$c" "X-Auth-Token: $t" "$@" | sed -n 1p)
    case $st in 201 | 202) ;; *) die "PUT $u/$c: $st" ;; esac
}

cmd_link() {
    local both='' pos=()
    while [ $# -gt 0 ]; do case $1 in --both) both=1 ;; *) pos+=("$1") ;; esac; shift; done
    [ ${#pos[@]} = 3 ] || die "link DIR_A DIR_B CONTAINER [--both]"
    local a b c=${pos[2]} key=aiosynckey
    a=$(realpath -m "${pos[0]}") b=$(realpath -m "${pos[1]}")
    local na ua nb ub aa ab
    DIR=$a; load; na=$NAME ua=$URL aa=${USERS%%:*}
    DIR=$b; load; nb=$NAME ub=$URL ab=${USERS%%:*}
    [ "$na" != "$nb" ] || die "both clusters are named $na (start one with --name)"
    local d
    for d in "$a" "$b"; do
        printf '[DEFAULT]\nmtime_check_interval = 1\n[aio]\nkey = aiorealmkey\ncluster_%s = %s/v1/\ncluster_%s = %s/v1/\n' \
            "$na" "$ua" "$nb" "$ub" > "$d/etc/container-sync-realms.conf"
    done
    sleep 1.5                # the proxies look at that file once a second
    DIR=$b; load
    if [ -n "$both" ]; then
        container_post "$c" "X-Container-Sync-Key: $key" "X-Container-Sync-To: //aio/$na/AUTH_$aa/$c"
    else
        container_post "$c" "X-Container-Sync-Key: $key"
    fi
    DIR=$a; load
    container_post "$c" "X-Container-Sync-Key: $key" "X-Container-Sync-To: //aio/$nb/AUTH_$ab/$c"
    say "linked $c: $na -> $nb${both:+ and back}"
}

cmd_unlink() {
    [ $# = 2 ] || die "unlink DIR CONTAINER"
    DIR=$(realpath -m "$1"); load
    container_post "$2" "X-Container-Sync-To: "
    say "unlinked $2"
}

cmd_sync() {
    # With three replicas a single pass sends a part of the rows, the next
    # pass all of them.
    local n=0 mark line
    while [ $n -lt 2 ]; do
        n=$((n + 1))
        touch "$LOG/container-sync.log"
        mark=$(wc -l < "$LOG/container-sync.log")
        once container-sync container-server
        line=$(tail -n +$((mark + 1)) "$LOG/container-sync.log" | grep -o 'Since .*failed' | tail -1)
        say "pass $n: ${line:-no report}"
        [ "$REPLICAS" = 1 ] && break
    done
    if tail -n +$((mark + 1)) "$LOG/container-sync.log" | grep -q 'ERROR\|Unauth\|Not found'; then
        tail -n +$((mark + 1)) "$LOG/container-sync.log" | grep 'ERROR\|Unauth\|Not found' | head -5 >&2
        return 1
    fi
}

cmd_lag() {
    local f=$FAULTS/container/00-lag.json
    case ${1:-} in
        # object updates have four or more path parts after device/partition
        on) printf '{"method": "PUT,DELETE", "path": "^/[^/]+/[0-9]+/[^/]+/[^/]+/.", "status": 503}' > "$f.new" && mv "$f.new" "$f" ;;
        off) rm -f "$f" ;;
        *) die "lag on|off" ;;
    esac
    say "lag $1"
}

cmd_flush() { once object-updater object-server; once container-updater container-server; say "pending updates left: $(find "$NODE" -path '*/async_pending/*' -type f | wc -l)"; }
cmd_expire() { once container-updater container-server; once object-expirer object-expirer; say "expired objects reaped"; }

cmd_replicate() {
    local t
    for t in account container object; do once "$t-replicator" "$t-server"; done
    say "replicated once"
}

cmd_revoke() {
    exec 8<>"/dev/tcp/$IP/$MC_PORT" || die "memcached is down"
    printf 'flush_all\r\nquit\r\n' >&8
    local line; read -r -t 5 line <&8; exec 8>&-
    [[ $line == OK* ]] || die "memcached said: $line"
    say "all tokens revoked"
}

cmd_device() {
    local n=${1:-} what=${2:-}
    [ -d "$NODE/d$n" ] || [ -d "$NODE/.off-d$n" ] || die "no device d$n"
    case $what in
        off) [ -d "$NODE/d$n" ] && mv "$NODE/d$n" "$NODE/.off-d$n" ;;
        on) [ -d "$NODE/.off-d$n" ] && { rm -rf "${NODE:?}/d$n"; mv "$NODE/.off-d$n" "$NODE/d$n"; } ;;
        *) die "device N off|on" ;;
    esac
    say "d$n $what"
}

cmd_fault() {
    local verb=${1:-list} where f
    [ $# -gt 0 ] && shift
    case $verb in
        clear) find "$FAULTS" -name '*.json' ! -name '00-lag.json' -delete; say "no faults" ;;
        list) for f in "$FAULTS"/*/*.json; do say "${f#"$FAULTS"/} $(cat "$f")"; done ;;
        add)
            where=${1:?fault add WHERE key=value...}; shift
            [ -d "$FAULTS/$where" ] || die "WHERE is proxy, account, container or object"
            f=$FAULTS/$where/$(date +%s%N).json
            "$PY" - "$f" "$@" <<'EOF' || die "bad rule"
import json, os, sys
rule = {}
for kv in sys.argv[2:]:
    k, eq, v = kv.partition('=')
    if k not in ('method', 'path', 'status', 'delay', 'count', 'skip', 'percent', 'when',
                 'cut') or not eq:
        sys.exit('unknown key: %s' % kv)
    rule[k] = int(v) if k in ('status', 'count', 'skip', 'percent', 'cut') else float(v) if k == 'delay' else v
if rule.get('when', 'before') not in ('before', 'after'):
    sys.exit('when=before or when=after')
with open(sys.argv[1] + '.new', 'w') as f:
    json.dump(rule, f)
os.rename(sys.argv[1] + '.new', sys.argv[1])
EOF
            say "${f#"$FAULTS"/}" ;;
        *) die "fault add|list|clear" ;;
    esac
}

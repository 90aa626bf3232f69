# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Configuration of a cluster; sourced by swift-aio.

write_helpers() {
    mkdir -p "$DIR/lib"
    cp "$LIB/swift_aio_run.py" "$LIB/swift_aio_fault.py" "$DIR/lib/"
    # rsync without a listening daemon: the replicators' rsync runs this.
    cat > "$ETC/rsyncd.conf" <<EOF
use chroot = no
log file = $LOG/rsyncd.log
$( [ "$(id -u)" = 0 ] && printf 'uid = root\ngid = root\n' )
[account]
path = $NODE
read only = false
max connections = 0
[container]
path = $NODE
read only = false
max connections = 0
[object]
path = $NODE
read only = false
max connections = 0
EOF
}

common_conf() {              # $1 log name
    cat <<EOF
swift_dir = $ETC
user = $(id -un)
bind_ip = $IP
devices = $NODE
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_name = $1
log_level = INFO
log_udp_host = 127.0.0.1
log_udp_port = 9
recon_cache_path = $DIR/cache
conn_timeout = 5
node_timeout = 60
backlog = 1024
EOF
}

fault_filter() { printf '[filter:aiofault]\npaste.filter_factory = swift_aio_fault:filter_factory\nfolder = %s\n' "$FAULTS/$1"; }

proxy_conf() {               # $1 port, $2 auth filters
    local u rest bulk=bulk slo=slo auth=$2
    if [ "$PROFILE" = bare ]; then bulk='' slo='' auth=${auth#s3api }; fi
    echo "[DEFAULT]"; common_conf swift-proxy
    cat <<EOF
bind_port = $1
workers = $WORKERS
max_clients = 1024
client_timeout = 120

[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging aiofault cache listing_formats container_sync $bulk tempurl $auth copy container-quotas account-quotas $slo dlo versioned_writes symlink proxy-logging proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
conn_timeout = 5
node_timeout = 60
recoverable_node_timeout = 60
object_chunk_size = 262144
client_chunk_size = 262144
error_suppression_limit = 1000000
# Nor is a device that answered 507 left alone for a minute: once it is back it answers with what it has.
error_suppression_interval = 0
recheck_container_existence = 60
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = $IP:$MC_PORT
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:container_sync]
use = egg:swift#container_sync
current = //aio/$NAME
[filter:bulk]
use = egg:swift#bulk
[filter:tempurl]
use = egg:swift#tempurl
$( [ "$PROFILE" = bare ] && echo "methods = GET HEAD" )
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
# "bucket.localhost" is a host's name, too.
storage_domain = localhost
dns_compliant_bucket_names = false
allow_multipart_uploads = true
min_segment_size = 5242880
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
token_life = $TOKEN_LIFE
storage_url_scheme = default
EOF
    for u in $USERS; do
        rest=${u#*:}
        echo "user_${u%%:*}_${rest%%:*} = ${rest#*:} .admin"
    done
    cat <<EOF
$( [ "$KS" = 1 ] && keystone_filters )
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:account-quotas]
use = egg:swift#account_quotas
[filter:slo]
use = egg:swift#slo
rate_limit_segments_per_sec = $SEG_RATE
[filter:dlo]
use = egg:swift#dlo
rate_limit_segments_per_sec = $SEG_RATE
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
EOF
    fault_filter proxy
}

# server_conf KIND PORT WORKERS [SETTING]: the file of an account, container or object server. SETTING is one of its
# app; sections that only this kind has come from standard input.
server_conf() {
    echo "[DEFAULT]"
    common_conf "swift-$1"
    cat <<EOF
bind_port = $2
workers = $3
EOF
    [ "$1" != object ] || printf 'network_chunk_size = 262144\ndisk_chunk_size = 262144\n'
    cat <<EOF
[pipeline:main]
pipeline = healthcheck aiofault $1-server
[app:$1-server]
use = egg:swift#$1
${4:-}
[filter:healthcheck]
use = egg:swift#healthcheck
EOF
    cat
    fault_filter "$1"
}

write_conf() {
    cat > "$ETC/swift.conf" <<EOF
[swift-hash]
swift_hash_path_prefix = aio
swift_hash_path_suffix = aio
[storage-policy:0]
name = Policy-0
default = yes
[swift-constraints]
max_file_size = $MAX_FILE_SIZE
max_header_size = 32768
EOF
    [ -f "$ETC/container-sync-realms.conf" ] || printf '[DEFAULT]\nmtime_check_interval = 1\n' \
        > "$ETC/container-sync-realms.conf"

    proxy_conf "$PORT" "s3api tempauth" > "$ETC/proxy-server.conf"
    if [ "$KS" = 1 ]; then
        proxy_conf "$KSP_PORT" "authtoken keystoneauth" > "$ETC/proxy-keystone.conf"
        keystone_conf > "$ETC/keystone.conf"
    fi

    server_conf account "$AC_PORT" 0 > "$ETC/account-server.conf" <<EOF
[account-replicator]
rsync_module = {replication_ip}::account
[account-auditor]
[account-reaper]
EOF
    server_conf container "$CO_PORT" 0 'allow_versions = true' > "$ETC/container-server.conf" <<EOF
[container-replicator]
rsync_module = {replication_ip}::container
[container-updater]
[container-auditor]
[container-sync]
internal_client_conf_path = $ETC/internal-client.conf
container_time = 3600
conn_timeout = 10
request_tries = 1
[container-sharder]
EOF
    local headers="Content-Disposition, Content-Encoding, X-Delete-At, X-Object-Manifest, X-Static-Large-Object"
    server_conf object "$OB_PORT" "$( [ "$OBJ_WORKERS" = 1 ] && echo 0 || echo "$OBJ_WORKERS" )" \
        "allowed_headers = $headers, Cache-Control, Content-Language, Expires, X-Robots-Tag" \
        > "$ETC/object-server.conf" <<EOF
[object-replicator]
rsync_module = {replication_ip}::object
concurrency = 1
[object-updater]
concurrency = 1
[object-auditor]
EOF

    local internal="catch_errors cache symlink proxy-server"
    {
        printf '[DEFAULT]\n'; common_conf swift-internal
        printf '[pipeline:main]\npipeline = %s\n' "$internal"
        internal_sections
    } > "$ETC/internal-client.conf"
    {
        printf '[DEFAULT]\n'; common_conf swift-expirer
        printf '[object-expirer]\ninterval = 300\nconcurrency = 1\nreclaim_age = 604800\n'
        printf 'dequeue_from_legacy = true\n'
        printf '[pipeline:main]\npipeline = catch_errors cache proxy-server\n'
        internal_sections
    } > "$ETC/object-expirer.conf"
}

internal_sections() {
    cat <<EOF
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = $IP:$MC_PORT
[filter:symlink]
use = egg:swift#symlink
EOF
}

build_rings() {
    local t port i
    for t in account container object; do
        case $t in account) port=$AC_PORT ;; container) port=$CO_PORT ;; *) port=$OB_PORT ;; esac
        rm -f "$ETC/$t.builder" "$ETC/$t.ring.gz"
        swift-ring-builder "$ETC/$t.builder" create 6 "$REPLICAS" 0 >/dev/null || die "ring $t"
        local devs=()
        for ((i = 1; i <= REPLICAS; i++)); do devs+=("r1z$i-$IP:$port/d$i" 100); done
        swift-ring-builder "$ETC/$t.builder" add "${devs[@]}" >/dev/null || die "ring $t add"
        swift-ring-builder "$ETC/$t.builder" rebalance >/dev/null || die "ring $t rebalance"
        [ -f "$ETC/$t.ring.gz" ] || die "ring $t was not written"
    done
}

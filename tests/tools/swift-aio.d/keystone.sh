# shellcheck shell=bash disable=SC2034,SC2154
# Keystone beside a cluster; sourced by swift-aio.

keystone_filters() {
    cat <<EOF
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = http://$IP:$KS_PORT/v3
auth_url = http://$IP:$KS_PORT/v3
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = admin
username = admin
password = swiftaioadmin
delay_auth_decision = true
cache = swift.cache
token_cache_time = 60
include_service_catalog = false
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, swiftoperator
EOF
}

keystone_env() {
    local first=${USERS%% *} acct rest user key
    acct=${first%%:*} rest=${first#*:}; user=${rest%%:*} key=${rest#*:}
    cat <<EOF
OS_IDENTITY_API_VERSION=3
OS_AUTH_URL=http://$IP:$KS_PORT/v3
OS_USERNAME=$user
OS_PASSWORD=$key
OS_PROJECT_NAME=$acct
OS_USER_DOMAIN_NAME=Default
OS_PROJECT_DOMAIN_NAME=Default
OS_REGION_NAME=RegionOne
SWIFT_KEYSTONE_STORAGE_URL=http://$IP:$KSP_PORT/v1/AUTH_$(cat "$DIR/keystone/project" 2>/dev/null)
EOF
}

keystone_up() {
    alive keystone || port_free "$KS_PORT" || die "port $KS_PORT is taken"
    spawn keystone "$PY" /usr/bin/keystone-wsgi-public -b "$IP" -p "$KS_PORT" -- \
        --config-file "$ETC/keystone.conf"
    local i
    for ((i = 0; i < 300; i++)); do
        [[ $(http GET "http://$IP:$KS_PORT/v3" 2>/dev/null | sed -n 1p) == 200 ]] && break
        alive keystone || { tail -n 15 "$LOG/keystone.log" >&2; die "keystone did not start"; }
        sleep 0.1
    done
    # shellcheck disable=SC2086
    "$PY" - "http://$IP:$KS_PORT/v3" "http://$IP:$KSP_PORT" "$DIR/keystone/project" $USERS <<'EOF' || die "keystone: could not make users"
import json, sys, urllib.error, urllib.request
ks, swift, out = sys.argv[1:4]
token = None


def call(method, path, body=None):
    req = urllib.request.Request(ks + path, method=method)
    req.add_header('Content-Type', 'application/json')
    if token:
        req.add_header('X-Auth-Token', token)
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(req, data, timeout=60) as r:
        text = r.read()
        return r.headers, json.loads(text) if text else None


def ensure(kind, name, query, extra):
    found = call('GET', '/%ss?%s' % (kind, query))[1][kind + 's']
    if found:
        return found[0]['id']
    return call('POST', '/%ss' % kind, {kind: extra})[1][kind]['id']


token = call('POST', '/auth/tokens', {'auth': {
    'identity': {'methods': ['password'], 'password': {'user': {
        'name': 'admin', 'domain': {'id': 'default'},
        'password': 'swiftaioadmin'}}},
    'scope': {'project': {'name': 'admin',
                          'domain': {'id': 'default'}}}}})[0]['X-Subject-Token']
role = ensure('role', 'swiftoperator', 'name=swiftoperator', {'name': 'swiftoperator'})
svc = ensure('service', 'swift', 'type=object-store',
             {'name': 'swift', 'type': 'object-store'})
for iface in ('public', 'internal'):
    ensure('endpoint', iface, 'service_id=%s&interface=%s' % (svc, iface),
           {'service_id': svc, 'interface': iface, 'region_id': 'RegionOne',
            'url': swift + '/v1/AUTH_%(tenant_id)s'})
first = None
for user in sys.argv[4:]:
    acct, name, key = user.split(':', 2)
    project = ensure('project', acct, 'name=' + acct, {'name': acct, 'domain_id': 'default'})
    first = first or project
    uid = ensure('user', name, 'name=' + name,
                 {'name': name, 'domain_id': 'default', 'password': key,
                  'default_project_id': project})
    call('PUT', '/projects/%s/users/%s/roles/%s' % (project, uid, role))
open(out, 'w').write(first)
EOF
    spawn_swift proxy-keystone proxy-keystone proxy-server
    wait_for proxy-keystone "$KSP_PORT"
}

keystone_conf() {
    local k=$DIR/keystone
    cat <<EOF
[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///$k/keystone.db
[token]
provider = fernet
expiration = $TOKEN_LIFE
allow_expired_window = 0
[fernet_tokens]
key_repository = $k/fernet
[fernet_receipts]
key_repository = $k/fernet
[credential]
key_repository = $k/credential
[cache]
enabled = false
[identity]
password_hash_rounds = 4
EOF
}

keystone_init() {            # once per cluster: database, keys, admin
    local k=$DIR/keystone me grp
    me=$(id -un) grp=$(id -gn)
    mkdir -p "$k"
    [ -f "$k/ready" ] && return 0
    local c=("$PY" /usr/bin/keystone-manage --config-file "$ETC/keystone.conf")
    {
        runner "${c[@]}" db_sync &&
        "$PY" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode=WAL")' "$k/keystone.db" &&
        runner "${c[@]}" fernet_setup --keystone-user "$me" --keystone-group "$grp" &&
        runner "${c[@]}" credential_setup --keystone-user "$me" --keystone-group "$grp" &&
        runner "${c[@]}" bootstrap --bootstrap-password swiftaioadmin \
            --bootstrap-region-id RegionOne \
            --bootstrap-admin-url "http://$IP:$KS_PORT/v3" \
            --bootstrap-public-url "http://$IP:$KS_PORT/v3" \
            --bootstrap-internal-url "http://$IP:$KS_PORT/v3"
    } >> "$LOG/keystone.log" 2>&1 || { tail -n 15 "$LOG/keystone.log" >&2; die "keystone-manage failed"; }
    touch "$k/ready"
}

cmd_keystone() {
    case ${1:-env} in
        start)
            command -v keystone-manage >/dev/null || die "not installed (run: $PROG install --keystone)"
            alive proxy-server || die "start the cluster first"
            KS=1; save; write_conf; keystone_init; keystone_up; keystone_env ;;
        stop) quit proxy-keystone; quit keystone; KS=0; save; write_conf; say "keystone stopped" ;;
        env) [ "$KS" = 1 ] || die "keystone is not started"; keystone_env ;;
        *) die "keystone start|stop|env" ;;
    esac
}

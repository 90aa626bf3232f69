# @summary Who may do what: accounts, uploading hosts, namespaces, read-only mode and role
#
# All of it lies in access.yaml, which the running registry reads anew; nothing here restarts it.
#
# @param accounts
#   accounts by name, with their passwords
# @param password_salt_secret
#   a secret of the site, at least 16 characters and the same on all hosts, from which the salts of password hashes are
#   made; needed as soon as an account has passwords. With another value all hashes change, and every login goes on.
# @param uploaders
#   the hosts that may upload, by name (which is for people; the addresses decide). Nobody else may, whatever the account.
# @param namespaces
#   rights by namespace; the longest that matches decides. `restricted/` covers the repository `restricted` too, the
#   empty string covers all that is left.
# @param catalog
#   who may list the repositories
# @param limits
#   how much classes of clients may ask for; the first that fits a client counts
# @param trusted_proxies
#   proxies whose X-Forwarded-For says who the client is
# @param challenge_hosts
#   clients, beside the uploaders, that are asked for credentials on `GET /v2/`: docker, containerd, podman and skopeo send
#   theirs only where they are asked there
# @param read_only
#   whether every write is refused
# @param role
#   `active`, or `passive` with the address of the active site in active_url
# @param active_url
#   where a passive site sends writers to
#
# @example One account that may push from one host
#   class { 'docker_registry_ha::access':
#     accounts             => { 'ci-build' => { 'passwords' => [Sensitive('secret')] } },
#     password_salt_secret => Sensitive('a secret of this site'),
#     uploaders            => { 'ci1' => { 'addresses' => ['10.64.0.2'], 'accounts' => ['ci-build'] } },
#     namespaces           => { '' => { 'pull' => 'anonymous', 'push' => ['ci-build'] } },
#   }
class docker_registry_ha::access (
  Hash[Docker_registry_ha::Account_name, Docker_registry_ha::Account] $accounts,
  Hash[String[1], Docker_registry_ha::Uploader]                       $uploaders,
  Hash[Docker_registry_ha::Namespace, Docker_registry_ha::Rights]     $namespaces,
  Docker_registry_ha::Catalog_access                                  $catalog,
  Array[Docker_registry_ha::Client_limit]                             $limits,
  Array[Docker_registry_ha::Network]                                  $trusted_proxies,
  Array[Docker_registry_ha::Network]                                  $challenge_hosts,
  Boolean                                                             $read_only,
  Docker_registry_ha::Role                                            $role,
  Optional[Stdlib::HTTPUrl]                                           $active_url           = undef,
  Optional[Sensitive[String[16]]]                                     $password_salt_secret = undef,
) {
  include docker_registry_ha

  # A profile declares this class whatever hiera says of the whole.
  if $docker_registry_ha::ensure == 'absent' {
    return()
  }

  $known = $accounts.keys
  $uploaders.each |$host, $uploader| {
    docker_registry_ha::known_accounts('docker_registry_ha::access::uploaders', $host, $uploader['accounts'], $known)
  }
  $namespaces.each |$namespace, $rights| {
    $named = [$rights['pull'], $rights['push'], $rights['delete']].filter |$grant| { $grant =~ Array }.flatten
    docker_registry_ha::known_accounts('docker_registry_ha::access::namespaces', $namespace, $named, $known)
  }
  if $catalog['allow'] =~ Array {
    docker_registry_ha::known_accounts('docker_registry_ha::access::catalog', 'allow', $catalog['allow'], $known)
  }
  $limits.each |$limit| {
    if $limit['accounts'] =~ Array {
      docker_registry_ha::known_accounts('docker_registry_ha::access::limits', $limit['name'], $limit['accounts'], $known)
    }
  }
  if $role == 'passive' and $active_url =~ Undef {
    fail('docker_registry_ha::access::active_url is missing: a passive site names the active one to those who write')
  }

  $document = {
    'accounts'        => $accounts.reduce({}) |$made, $entry| {
      $made + { $entry[0] => docker_registry_ha::hashes($entry[0], $entry[1], $password_salt_secret) }
    },
    'uploaders'       => $uploaders.map |$host, $uploader| { { 'host' => $host } + $uploader },
    'rules'           => $namespaces.map |$namespace, $rights| { { 'namespace' => $namespace } + $rights },
    'catalog'         => $catalog,
    'limits'          => $limits,
    'trusted_proxies' => $trusted_proxies,
    'challenge_hosts' => ($uploaders.map |$host, $uploader| { $uploader['addresses'] } + $challenge_hosts).flatten.unique,
    'mode'            => docker_registry_ha::compact({
        'read_only'  => $read_only,
        'role'       => $role,
        'active_url' => $active_url,
    }),
  }
  file { '/etc/docker-registry-ha/access.yaml':
    ensure       => file,
    owner        => 'root',
    group        => 'docker-registry-ha',
    mode         => '0640',
    content      => Sensitive(epp('docker_registry_ha/access.yaml.epp', { 'document' => $document })),
    validate_cmd => '/usr/bin/docker-registryctl check-access %',
  }
}

# @summary Where images lie
#
# @param driver
#   `filesystem`: a folder on this host; `swift`: OpenStack Swift; `s3`: an S3, such as Ceph's or Amazon's
# @param root
#   the folder of the filesystem driver. Below it lies the layout of CNCF distribution 2.8 (docker/registry/v2), so an
#   existing folder of that registry can be taken over.
# @param manage_root
#   whether Puppet makes the folder and gives it to the registry's user; what lies in it is left alone
# @param swift
#   where Swift is, and as whom the registry logs in there; needed for the driver `swift`
# @param swift_password
#   the password or key of that user. A changed one needs no restart.
# @param s3
#   which bucket of which S3; needed for the driver `s3`
# @param s3_credentials
#   the keys for it. Changed ones need no restart.
# @param routes
#   further storages, by name, each for the repositories of some namespaces; all others lie in the one above
# @param route_secrets
#   by the name of a route: the password of its Swift, or the keys of its S3
# @param peers_interval
#   how often a registry on an object store asks what others on the same one have written; `0s` for one that is alone
#
# @example Images on a disk of their own
#   class { 'docker_registry_ha::storage':
#     root => '/srv/registry',
#   }
class docker_registry_ha::storage (
  Enum['filesystem', 'swift', 's3']                       $driver,
  Stdlib::Absolutepath                                    $root,
  Boolean                                                 $manage_root,
  Optional[Docker_registry_ha::Swift]                     $swift          = undef,
  Optional[Sensitive[String[1]]]                          $swift_password = undef,
  Optional[Docker_registry_ha::S3]                        $s3             = undef,
  Optional[Sensitive[Docker_registry_ha::S3_credentials]] $s3_credentials = undef,
  Hash[Docker_registry_ha::Route_name, Docker_registry_ha::Route] $routes = {},
  Sensitive[Hash[Docker_registry_ha::Route_name, Variant[String[1], Docker_registry_ha::S3_credentials]]] $route_secrets = Sensitive({}),
  Optional[Docker_registry_ha::Duration]                  $peers_interval = undef,
) {
  if $driver == 'swift' {
    if $swift =~ Undef or $swift_password =~ Undef {
      fail('docker_registry_ha::storage::swift and docker_registry_ha::storage::swift_password are needed for the driver swift')
    }
    $password_file = '/etc/docker-registry-ha/swift-password'
    docker_registry_ha::storage_secret { $password_file:
      secret => $swift_password,
    }
    $main = { 'driver' => $driver, 'swift' => $swift + { 'password_file' => $password_file } }
  } elsif $driver == 's3' {
    if $s3 =~ Undef or $s3_credentials =~ Undef {
      fail('docker_registry_ha::storage::s3 and docker_registry_ha::storage::s3_credentials are needed for the driver s3')
    }
    $credentials_file = '/etc/docker-registry-ha/s3-credentials'
    docker_registry_ha::storage_secret { $credentials_file:
      secret => $s3_credentials,
    }
    $main = { 'driver' => $driver, 's3' => $s3 + { 'credentials_file' => $credentials_file } }
  } else {
    $main = { 'driver' => $driver, 'filesystem' => { 'root' => $root } }
  }

  $routes.each |$name, $route| {
    $key = "docker_registry_ha::storage::routes::${name}"
    if $route['driver'] == 'filesystem' {
      if $route['root'] =~ Undef { fail("${key} needs root, the folder it lies in") }
    } else {
      if $route[$route['driver']] =~ Undef { fail("${key} needs ${route['driver']}, as its driver") }
      if $route_secrets.unwrap[$name] =~ Undef { fail("docker_registry_ha::storage::route_secrets needs ${name}, for ${key}") }
      docker_registry_ha::storage_secret { "/etc/docker-registry-ha/storage-${name}":
        secret => Sensitive($route_secrets.unwrap[$name]),
      }
    }
  }
  $route_settings = $routes.map |$name, $route| {
    $own = $route['driver'] ? {
      'swift' => { 'swift' => $route['swift'] + { 'password_file' => "/etc/docker-registry-ha/storage-${name}" } },
      's3'    => { 's3' => $route['s3'] + { 'credentials_file' => "/etc/docker-registry-ha/storage-${name}" } },
      default => { 'filesystem' => { 'root' => $route['root'] } },
    }
    $common = { 'name' => $name, 'namespaces' => $route['namespaces'], 'driver' => $route['driver'] }
    $common + $own
  }
  $further = $routes.empty ? {
    true    => {},
    default => { 'routes' => $route_settings },
  }
  $settings = docker_registry_ha::compact($main + { 'peers_interval' => $peers_interval } + $further)

  # The service's sandbox lets it write to its own state folder; any other has to be named.
  $main_root = $driver ? {
    'filesystem' => [$root],
    default      => [],
  }
  $roots = $main_root + $routes.values.filter |$route| { $route['driver'] == 'filesystem' }.map |$route| { $route['root'] }
  $outside = $roots.filter |$folder| { $folder !~ /\A\/var\/lib\/docker-registry-ha(\/|\z)/ }
  $sandbox_ensure = $outside.empty ? {
    true    => absent,
    default => file,
  }
  if $manage_root and !$outside.empty {
    file { $outside:
      ensure => directory,
      owner  => 'docker-registry-ha',
      group  => 'docker-registry-ha',
      mode   => '0750',
      before => File['/etc/systemd/system/docker-registry-ha.service.d/storage.conf'],
    }
  }
  file { '/etc/systemd/system/docker-registry-ha.service.d':
    ensure => directory,
    mode   => '0755',
  }
  $writable = $outside.map |$folder| { "ReadWritePaths=${folder}\n" }.join
  file { '/etc/systemd/system/docker-registry-ha.service.d/storage.conf':
    ensure  => $sandbox_ensure,
    mode    => '0644',
    content => "# Managed by Puppet.\n[Service]\n${writable}",
    notify  => Exec['docker_registry_ha sandbox'],
  }
}

# @summary Where images lie
#
# @param driver
#   `filesystem`: a folder on this host
# @param root
#   the folder of the filesystem driver. Below it lies the layout of CNCF distribution 2.8 (docker/registry/v2), so an
#   existing folder of that registry can be taken over.
# @param manage_root
#   whether Puppet makes the folder and gives it to the registry's user; what lies in it is left alone
#
# @example Images on a disk of their own
#   class { 'docker_registry_ha::storage':
#     root => '/srv/registry',
#   }
class docker_registry_ha::storage (
  Enum['filesystem']   $driver,
  Stdlib::Absolutepath $root,
  Boolean              $manage_root,
) {
  $settings = {
    'driver'     => $driver,
    'filesystem' => { 'root' => $root },
  }

  # The service's sandbox lets it write to its own state folder; any other has to be named.
  $outside = $root !~ /\A\/var\/lib\/docker-registry-ha(\/|\z)/
  $sandbox_ensure = $outside ? {
    true    => file,
    default => absent,
  }
  if $outside and $manage_root {
    file { $root:
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
  file { '/etc/systemd/system/docker-registry-ha.service.d/storage.conf':
    ensure  => $sandbox_ensure,
    mode    => '0644',
    content => "# Managed by Puppet.\n[Service]\nReadWritePaths=${root}\n",
    notify  => Service['docker-registry-ha.service'],
  }
}

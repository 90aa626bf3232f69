# @summary Blobs of an object store kept on a local disk
#
# @param path
#   the folder; without it, there is no such cache. It holds nothing else, and may be emptied at any time.
# @param size
#   most bytes in it
# @param fills
#   most blobs that are fetched for it at once
# @param verify_interval
#   how often every blob in it is read and hashed again; `0s` for never
# @param verify_rate
#   bytes a second that this may read
# @param manage_path
#   whether Puppet makes a folder outside `/var/cache/docker-registry-ha`, and gives it to the registry's user
#
# @example 200 GiB on the disk of /var/cache
#   class { 'docker_registry_ha::cache':
#     path => '/var/cache/docker-registry-ha',
#     size => '200GiB',
#   }
class docker_registry_ha::cache (
  Boolean                                $manage_path,
  Optional[Stdlib::Absolutepath]         $path            = undef,
  Optional[Docker_registry_ha::Size]     $size            = undef,
  Optional[Integer[1, 256]]              $fills           = undef,
  Optional[Docker_registry_ha::Duration] $verify_interval = undef,
  Optional[Docker_registry_ha::Size]     $verify_rate     = undef,
) {
  if $size and !$path {
    fail('docker_registry_ha::cache::size is of no use without docker_registry_ha::cache::path')
  }
  $settings = {
    'path'            => $path,
    'bytes'           => $size,
    'fills'           => $fills,
    'verify_interval' => $verify_interval,
    'verify_rate'     => $verify_rate,
  }

  # The package's own folder is made by the unit; any other has to be let through its sandbox.
  $outside = $path =~ NotUndef and $path !~ /\A\/var\/cache\/docker-registry-ha(\/|\z)/
  $drop_in_ensure = $outside ? {
    true    => file,
    default => absent,
  }
  if $outside and $manage_path {
    file { $path:
      ensure => directory,
      owner  => 'docker-registry-ha',
      group  => 'docker-registry-ha',
      mode   => '0750',
      before => File['/etc/systemd/system/docker-registry-ha.service.d/cache.conf'],
    }
  }
  file { '/etc/systemd/system/docker-registry-ha.service.d/cache.conf':
    ensure  => $drop_in_ensure,
    mode    => '0644',
    content => "# Managed by Puppet (docker_registry_ha::cache::path).\n[Service]\nReadWritePaths=${path}\n",
    notify  => Exec['docker_registry_ha sandbox'],
  }
}

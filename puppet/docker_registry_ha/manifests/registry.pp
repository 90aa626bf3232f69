# @summary The daemon: its configuration, its sockets and its units
#
# Settings that are left out have the defaults of registryd(8). A change is put to use by a hand-over: a new process serves
# with it while the old one finishes the transfers it has. Where that cannot be done (another storage, another folder in
# the sandbox) the service is restarted; its socket stays open meanwhile, so that clients wait and none is refused.
#
# @param listen
#   addresses the registry answers on
# @param upload_secret
#   signs uploads in progress; at least 32 characters, and the same on all hosts that share a storage. Without it, each
#   host makes its own.
# @param http
#   connections
# @param proxy_protocol_from
#   balancers whose connections begin with a header of the PROXY protocol, which says who the client is
# @param limits
#   sizes and queues
# @param cache
#   what is kept in memory; `docker_registry_ha::cache` is about the disk
# @param catalog
#   the catalogue
# @param uploads
#   unfinished uploads
# @param log
#   the log
#
# @example On every address, with larger manifests
#   class { 'docker_registry_ha::registry':
#     listen => ['0.0.0.0:5000', '[::]:5000'],
#     limits => { 'manifest_bytes' => '8MiB' },
#   }
class docker_registry_ha::registry (
  Array[Docker_registry_ha::Address, 1] $listen,
  Docker_registry_ha::Http              $http,
  Array[Docker_registry_ha::Network]    $proxy_protocol_from,
  Docker_registry_ha::Limits            $limits,
  Docker_registry_ha::Cache             $cache,
  Docker_registry_ha::Catalog           $catalog,
  Docker_registry_ha::Uploads           $uploads,
  Docker_registry_ha::Log               $log,
  Optional[Sensitive[String[32]]]       $upload_secret = undef,
) {
  include docker_registry_ha
  include docker_registry_ha::storage
  include docker_registry_ha::cache
  include docker_registry_ha::homepage
  include docker_registry_ha::tls

  # Puppet does not look into a Sensitive: the type alone lets everything through.
  if $upload_secret and $upload_secret.unwrap !~ String[32] {
    fail('docker_registry_ha::registry::upload_secret must have at least 32 characters')
  }
  $secret_file = $upload_secret ? {
    Undef   => undef,
    default => '/etc/docker-registry-ha/upload-secret',
  }
  if $upload_secret {
    file { $secret_file:
      ensure  => file,
      owner   => 'root',
      group   => 'docker-registry-ha',
      mode    => '0640',
      content => $upload_secret,
      before  => File['/etc/docker-registry-ha/registryd.yaml'],
    }
  }

  $proxy_protocol = $proxy_protocol_from.empty ? {
    true    => {},
    default => { 'from' => $proxy_protocol_from },
  }
  $settings = docker_registry_ha::compact({
      'http'     => $http + {
        'secret_file'    => $secret_file,
        'tls'            => $docker_registry_ha::tls::settings,
        'proxy_protocol' => $proxy_protocol,
      },
      'storage'  => $docker_registry_ha::storage::settings,
      'limits'   => $limits,
      'cache'    => $cache + { 'disk' => $docker_registry_ha::cache::settings },
      'catalog'  => $catalog,
      'uploads'  => $uploads,
      'log'      => $log,
      'homepage' => $docker_registry_ha::homepage::settings,
      'access'   => { 'file' => '/etc/docker-registry-ha/access.yaml' },
  })
  file { '/etc/docker-registry-ha/registryd.yaml':
    ensure       => file,
    owner        => 'root',
    group        => 'docker-registry-ha',
    mode         => '0640',
    content      => epp('docker_registry_ha/registryd.yaml.epp', { 'settings' => $settings }),
    validate_cmd => '/usr/bin/registryd --check-config %',
    before       => Service['docker-registry-ha.service'],
  }

  file { '/etc/systemd/system/docker-registry-ha.socket.d':
    ensure => directory,
    mode   => '0755',
  }
  file { '/etc/systemd/system/docker-registry-ha.socket.d/listen.conf':
    ensure  => file,
    mode    => '0644',
    content => epp('docker_registry_ha/listen.conf.epp', { 'listen' => $listen, 'key' => 'docker_registry_ha::registry::listen' }),
    notify  => Service['docker-registry-ha.socket'],
  }
  # Other addresses need another socket, and the service holds the old one.
  $systemctl = '/usr/bin/systemctl'
  service { 'docker-registry-ha.socket':
    ensure  => $docker_registry_ha::service_ensure,
    enable  => true,
    restart => [
      "${systemctl} daemon-reload",
      "${systemctl} stop docker-registry-ha.service",
      "${systemctl} restart docker-registry-ha.socket",
    ].join(' && '),
  }
  # registryd(8) has the exit codes: 3, 4 and 5 are what only a restart can do.
  $put_to_use = [
    '/usr/bin/registryd --hand-over',
    'status=$?',
    'case $status in',
    '  0) ;;',
    "  3|4|5) ${systemctl} restart docker-registry-ha.service ;;",
    '  *) /usr/bin/journalctl --unit=docker-registry-ha.service --output=cat --no-pager --lines=5; exit $status ;;',
    'esac',
  ].join("\n")
  service { 'docker-registry-ha.service':
    ensure  => $docker_registry_ha::service_ensure,
    enable  => true,
    restart => $put_to_use,
    require => Service['docker-registry-ha.socket'],
  }
  # What the unit allows does not change in a hand-over.
  exec { 'docker_registry_ha sandbox':
    command     => "${systemctl} daemon-reload && ${systemctl} try-restart docker-registry-ha.service",
    provider    => 'shell',
    refreshonly => true,
    require     => File['/etc/docker-registry-ha/registryd.yaml'],
    before      => Service['docker-registry-ha.service'],
  }
  if $docker_registry_ha::service_ensure in ['running', true] {
    if $upload_secret {
      exec { 'docker_registry_ha upload secret':
        command     => $put_to_use,
        provider    => 'shell',
        refreshonly => true,
        subscribe   => File[$secret_file],
        require     => Service['docker-registry-ha.service'],
        before      => Exec['docker_registry_ha settings'],
      }
    }
    # Not triggered by the file's change but by its not being in force: a hand-over that failed is tried again by the next
    # run, instead of being forgotten.
    $in_force = "$(/usr/bin/docker-registryctl status | /usr/bin/awk '\$1 == \"settings.hash\" {print \$2}')"
    $in_file = 'sha256:$(/usr/bin/registryd --dump-config | /usr/bin/sha256sum | /usr/bin/cut -c1-64)'
    exec { 'docker_registry_ha settings':
      command  => $put_to_use,
      onlyif   => "in_force=${in_force}; [ -n \"\$in_force\" ] && [ \"\$in_force\" != \"${in_file}\" ]",
      provider => 'shell',
      require  => Service['docker-registry-ha.service'],
    }
  }
}

# @summary An nginx in front of the registry, for a site that keeps one
#
# It speaks TLS and passes everything on, bodies unbuffered; who may do what is decided by the registry. That is why the
# registry has to trust what this nginx says about the client: docker_registry_ha::access::trusted_proxies must name
# 127.0.0.1, or every client would count as this host itself.
#
# @param server_names
#   the names clients use
# @param certificate
#   file with the certificate and its chain
# @param key
#   file with the private key
# @param listen_port
#   the port
# @param backend
#   where the registry listens
# @param package_name
#   the package of nginx
#
# @example
#   class { 'docker_registry_ha::nginx':
#     server_names => ['docker-registry.example.org'],
#     certificate  => '/etc/ssl/localcerts/registry.pem',
#     key          => '/etc/ssl/private/registry.key',
#   }
class docker_registry_ha::nginx (
  Array[Stdlib::Fqdn, 1]      $server_names,
  Stdlib::Absolutepath        $certificate,
  Stdlib::Absolutepath        $key,
  Stdlib::Port                $listen_port,
  Docker_registry_ha::Address $backend,
  String[1]                   $package_name,
) {
  include docker_registry_ha
  include docker_registry_ha::access

  unless '127.0.0.1' in $docker_registry_ha::access::trusted_proxies {
    fail('docker_registry_ha::access::trusted_proxies must name 127.0.0.1: behind nginx, every client comes from there')
  }

  package { $package_name:
    ensure => installed,
  }
  # nginx -t wants a whole configuration, in a file: the site is checked as the only one of an nginx that does not run.
  $check = [
    'conf=$(mktemp)',
    'echo "pid $conf.pid; error_log stderr; events {} http { include $1; }" >"$conf"',
    '/usr/sbin/nginx -t -q -c "$conf"',
    'status=$?',
    'rm -f "$conf" "$conf.pid"',
    'exit $status',
  ].join('; ')
  file { '/etc/nginx/sites-available/docker-registry-ha':
    ensure       => file,
    mode         => '0644',
    content      => epp('docker_registry_ha/nginx.epp', {
        'server_names' => $server_names,
        'certificate'  => $certificate,
        'key'          => $key,
        'listen_port'  => $listen_port,
        'backend'      => $backend,
    }),
    validate_cmd => "/bin/sh -c '${check}' check %",
    require      => Package[$package_name],
    notify       => Service['nginx'],
  }
  file { '/etc/nginx/sites-enabled/docker-registry-ha':
    ensure  => link,
    target  => '/etc/nginx/sites-available/docker-registry-ha',
    require => File['/etc/nginx/sites-available/docker-registry-ha'],
    notify  => Service['nginx'],
  }
  service { 'nginx':
    ensure  => running,
    enable  => true,
    restart => '/usr/bin/systemctl reload nginx.service',
  }
}

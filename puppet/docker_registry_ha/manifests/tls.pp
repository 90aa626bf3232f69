# @summary HTTPS, by the registry itself
#
# The files are not managed here, whoever makes them: they must be readable for the group docker-registry-ha. Whatever
# replaces one notifies `Exec['docker_registry_ha certificates']`, and the registry reads it without a restart.
#
# @param ensure
#   whether the registry answers in HTTPS
# @param listen
#   addresses it answers on
# @param certificate
#   PEM file with the certificate and its chain
# @param key
#   PEM file with the private key
# @param certificates
#   further certificates, for other names
# @param min_version
#   the oldest version of TLS that is spoken
#
# @example
#   class { 'docker_registry_ha::tls':
#     ensure      => present,
#     certificate => '/etc/docker-registry-ha/tls/fullchain.pem',
#     key         => '/etc/docker-registry-ha/tls/privkey.pem',
#   }
class docker_registry_ha::tls (
  Enum['present', 'absent']              $ensure,
  Array[Docker_registry_ha::Address, 1]  $listen,
  Array[Docker_registry_ha::Certificate] $certificates,
  Optional[Stdlib::Absolutepath]         $certificate = undef,
  Optional[Stdlib::Absolutepath]         $key         = undef,
  Optional[Enum['1.2', '1.3']]           $min_version = undef,
) {
  $on = $ensure == 'present'
  if $on and ($certificate =~ Undef or $key =~ Undef) {
    fail('docker_registry_ha::tls::certificate and docker_registry_ha::tls::key are needed for HTTPS')
  }
  $further = $certificates.empty ? {
    true    => undef,
    default => $certificates,
  }
  $settings = $on ? {
    false   => {},
    default => {
      'certificate'  => $certificate,
      'key'          => $key,
      'certificates' => $further,
      'min_version'  => $min_version,
    },
  }

  $drop_in = '/etc/systemd/system/docker-registry-ha-https.socket.d'
  file { $drop_in:
    ensure => directory,
    mode   => '0755',
  }
  file { "${drop_in}/listen.conf":
    ensure  => stdlib::ensure($on, 'file'),
    mode    => '0644',
    content => epp('docker_registry_ha/listen.conf.epp', { 'listen' => $listen, 'key' => 'docker_registry_ha::tls::listen' }),
    notify  => Service['docker-registry-ha-https.socket'],
  }
  # A running service cannot be given another socket: it is stopped, and started again by the class registry.
  $systemctl = '/usr/bin/systemctl'
  $stop = "${systemctl} daemon-reload && ${systemctl} stop docker-registry-ha.service"
  service { 'docker-registry-ha-https.socket':
    ensure  => stdlib::ensure($on, 'service'),
    enable  => $on,
    start   => "${stop} && ${systemctl} start docker-registry-ha-https.socket",
    restart => "${stop} && ${systemctl} restart docker-registry-ha-https.socket",
    require => File['/etc/docker-registry-ha/registryd.yaml'],
    before  => Service['docker-registry-ha.service'],
  }

  exec { 'docker_registry_ha certificates':
    command     => "${systemctl} kill --signal=HUP --kill-who=main docker-registry-ha.service",
    refreshonly => true,
    require     => Service['docker-registry-ha.service'],
  }
}

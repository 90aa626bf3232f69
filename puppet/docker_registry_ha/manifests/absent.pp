# @summary Takes the registry off a host; what it stored stays
#
# @api private
class docker_registry_ha::absent {
  assert_private()

  $units = [
    'docker-registry-ha-homepage.timer',
    'docker-registry-ha-https.socket',
    'docker-registry-ha.socket',
    'docker-registry-ha.service',
  ]
  service { $units:
    ensure => stopped,
    before => Package['docker-registry-ha'],
  }
  package { ['docker-registry-ha', 'docker-registryctl']:
    ensure => absent,
  }
  $drop_ins = $units.map |$unit| { "/etc/systemd/system/${unit}.d" }
  file { $drop_ins:
    ensure  => absent,
    force   => true,
    recurse => true,
    require => Package['docker-registry-ha'],
  }
  file { ['/etc/docker-registry-ha/registryd.yaml', '/etc/docker-registry-ha/access.yaml']:
    ensure  => absent,
    require => Package['docker-registry-ha'],
  }
}

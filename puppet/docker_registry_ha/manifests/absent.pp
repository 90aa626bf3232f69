# @summary Takes the registry off a host; what it stored stays
#
# @api private
class docker_registry_ha::absent {
  assert_private()

  $units = ['docker-registry-ha.socket', 'docker-registry-ha.service']
  service { $units:
    ensure => stopped,
    before => Package['docker-registry-ha'],
  }
  package { ['docker-registry-ha', 'docker-registryctl']:
    ensure => absent,
  }
  file { ['/etc/systemd/system/docker-registry-ha.socket.d', '/etc/systemd/system/docker-registry-ha.service.d']:
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

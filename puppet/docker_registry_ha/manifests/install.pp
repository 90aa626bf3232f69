# @summary The packages
#
# @api private
class docker_registry_ha::install {
  assert_private()

  package { ['docker-registry-ha', 'docker-registryctl']:
    ensure => $docker_registry_ha::package_ensure,
  }
}

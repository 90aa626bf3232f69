# @summary A container registry: packages, storage, access rules, configuration and units
#
# Each part has a class of its own with its parameters: `docker_registry_ha::storage`, `docker_registry_ha::cache`, `docker_registry_ha::access`,
# `docker_registry_ha::tls`, `docker_registry_ha::homepage`, `docker_registry_ha::registry`. This class brings them together in the right order.
#
# @param ensure
#   `absent` stops the registry and removes the packages and what Puppet wrote. Images, index and secrets stay.
# @param package_ensure
#   version of the packages, or `installed`, or `latest`
# @param service_ensure
#   whether the registry runs
#
# @example A registry on one host, that everybody may pull from
#   include docker_registry_ha
class docker_registry_ha (
  Enum['present', 'absent'] $ensure,
  String[1]                 $package_ensure,
  Stdlib::Ensure::Service   $service_ensure,
) {
  if $ensure == 'absent' {
    contain docker_registry_ha::absent
  } else {
    contain docker_registry_ha::install
    contain docker_registry_ha::storage
    contain docker_registry_ha::cache
    contain docker_registry_ha::access
    contain docker_registry_ha::homepage
    contain docker_registry_ha::tls
    contain docker_registry_ha::registry
    contain docker_registry_ha::reload

    Class['docker_registry_ha::install'] -> Class['docker_registry_ha::homepage']
    Class['docker_registry_ha::install'] -> Class['docker_registry_ha::tls']

    # The rules are there before the registry is told to read them. A file that is refused ends the run for what comes
    # after it, and the registry goes on with what it has.
    Class['docker_registry_ha::install']
    -> Class['docker_registry_ha::storage']
    -> Class['docker_registry_ha::cache']
    -> Class['docker_registry_ha::access']
    -> Class['docker_registry_ha::registry']
    -> Class['docker_registry_ha::reload']
  }
}

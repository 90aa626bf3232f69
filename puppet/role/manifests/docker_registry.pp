# @summary A host that is a registry
class role::docker_registry {
  include profile::docker_registry
}

# @summary Puts access.yaml in force in the running registry, and fails the run when that fails
#
# Not triggered by the file's change but by its not being in force: so a reload that failed is tried again by the next
# run, instead of being forgotten.
#
# @api private
class docker_registry_ha::reload {
  assert_private()

  if $docker_registry_ha::service_ensure in ['running', true] {
    # The unit that watches the file may have failed meanwhile: at the first run it comes before registryd.yaml names the
    # file. Once the rules are in force it is not to be reported any more.
    $unit = 'docker-registry-ha-reload.service'
    $on_disk = '$(/usr/bin/sha256sum </etc/docker-registry-ha/access.yaml | /usr/bin/cut -c1-64)'
    $in_force = "/usr/bin/docker-registryctl --json status | /usr/bin/grep -qF \"sha256:${on_disk}\""
    exec { 'registry-acl-reloader':
      command   => "/usr/sbin/registry-acl-reloader && /usr/bin/systemctl reset-failed ${unit}",
      unless    => "${in_force} && ! /usr/bin/systemctl --quiet is-failed ${unit}",
      provider  => 'shell',
      logoutput => true,
    }
  }
}

# @summary A site's registry: the accounts with the passwords of its private hiera, and the switches operators turn
#
# An example to copy into a site's own profiles. All that is not a parameter here is looked up by the classes of the
# module docker_registry_ha under their own names (`docker_registry_ha::access::uploaders`, …).
#
# The password of the account `ci-build` stands in private hiera as `ci_build_user_password`: a text, or a list of
# texts while it is rotated.
#
# @param accounts
#   the names of the accounts
# @param read_only_mode
#   whether every write is refused
class profile::docker_registry (
  Array[Docker_registry_ha::Account_name] $accounts       = [],
  Boolean                                 $read_only_mode = false,
) {
  $with_passwords = $accounts.reduce({}) |$made, $account| {
    $key = "${regsubst($account, '-', '_', 'G')}_user_password"
    $value = lookup($key)
    $bare = $value ? {
      Sensitive => $value.unwrap,
      default   => $value,
    }
    $passwords = [$bare].flatten
    unless $passwords =~ Array[Docker_registry_ha::Password, 1, 4] {
      fail("${key} must be a password (1 to 511 characters), or a list of 1 to 4 of them")
    }
    $made + { $account => { 'passwords' => $passwords.map |$password| { Sensitive($password) } } }
  }

  class { 'docker_registry_ha::access':
    accounts  => $with_passwords,
    read_only => $read_only_mode,
  }
  include docker_registry_ha
}

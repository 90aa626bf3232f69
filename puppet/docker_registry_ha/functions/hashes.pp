# @summary The password hashes of an account
#
# @param name the account's name
# @param account what it logs in with
# @param salt_secret the site's secret; needed where there are passwords
# @return the account as it stands in access.yaml
function docker_registry_ha::hashes(
  String[1]                       $name,
  Docker_registry_ha::Account     $account,
  Optional[Sensitive[String[16]]] $salt_secret,
) >> Hash {
  $passwords = $account['passwords'].lest || { [] }
  $hashes = $account['password_hashes'].lest || { [] }
  if $passwords.empty and $hashes.empty {
    fail("docker_registry_ha::access::accounts: '${name}' needs passwords or password_hashes")
  }
  if !$passwords.empty and $salt_secret =~ Undef {
    fail("docker_registry_ha::access::password_salt_secret is missing; it is needed to hash the password of '${name}'")
  }
  # Puppet does not look into a Sensitive: the type alone lets everything through.
  if !$passwords.empty and $salt_secret.unwrap !~ String[16] {
    fail('docker_registry_ha::access::password_salt_secret must have at least 16 characters')
  }
  $passwords.each |$password| {
    unless $password.unwrap =~ Docker_registry_ha::Password {
      fail("docker_registry_ha::access::accounts: a password of '${name}' must have 1 to 511 characters")
    }
  }
  $made = $passwords.map |$password| { docker_registry_ha::password_hash($password, $salt_secret, $name).unwrap }
  $entry = { 'password_hashes' => ($made + $hashes).unique }
  $entry
}

# @summary Fails the compilation if an account is named that does not exist
#
# @param key the hiera key where the accounts are named
# @param where the entry below that key
# @param named the accounts named there
# @param known the accounts that exist
# @return nothing
function docker_registry_ha::known_accounts(
  String[1]     $key,
  String        $where,
  Array[String] $named,
  Array[String] $known,
) >> Undef {
  $unknown = $named - $known
  unless $unknown.empty {
    fail("${key}: '${where}' names the unknown account ${unknown.join(', ')} (accounts: ${known.join(', ')})")
  }
  undef
}

# @summary What an account logs in with: passwords, which are hashed before they reach the host, or hashes, or both
#
# Several at once are for a rotation: each of them is accepted.
type Docker_registry_ha::Account = Struct[{
    Optional[passwords]       => Array[Sensitive[Docker_registry_ha::Password], 1, 4],
    Optional[password_hashes] => Array[Docker_registry_ha::Password_hash, 1, 4],
}]

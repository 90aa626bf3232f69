# @summary Who may read: everybody, or the named accounts
type Docker_registry_ha::Readers = Variant[Enum['anonymous'], Array[Docker_registry_ha::Account_name]]

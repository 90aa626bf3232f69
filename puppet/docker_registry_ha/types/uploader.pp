# @summary From where a host uploads, and as which accounts
type Docker_registry_ha::Uploader = Struct[{
    addresses => Array[Docker_registry_ha::Network, 1],
    accounts  => Array[Docker_registry_ha::Account_name, 1],
}]

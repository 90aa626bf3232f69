# @summary How much a class of clients may ask for: these accounts (`anonymous`: who has none), from these networks
type Docker_registry_ha::Client_limit = Struct[{
    name                          => Docker_registry_ha::Account_name,
    Optional[accounts]            => Docker_registry_ha::Readers,
    Optional[networks]            => Array[Docker_registry_ha::Network],
    Optional[requests_per_second] => Integer[1],
    Optional[burst]               => Integer[1],
    Optional[blob_bytes]          => Docker_registry_ha::Size,
}]

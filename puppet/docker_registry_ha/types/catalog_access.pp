# @summary Who may list the repositories, and from where
type Docker_registry_ha::Catalog_access = Struct[{
    Optional[allow]    => Docker_registry_ha::Readers,
    Optional[networks] => Array[Docker_registry_ha::Network],
}]

# @summary The catalogue: the settings `catalog.*` of registryd(8)
type Docker_registry_ha::Catalog = Struct[{
    Optional[max_entries] => Integer[1, 100000],
}]

# @summary What is kept in memory: the settings `cache.*` of registryd(8)
type Docker_registry_ha::Cache = Struct[{
    Optional[memory_bytes]   => Docker_registry_ha::Size,
    Optional[memory_entries] => Integer[16, 10000000],
    Optional[object_bytes]   => Docker_registry_ha::Size,
}]

# @summary The name of a storage that some namespaces lie in
type Docker_registry_ha::Route_name = Pattern[/\A[a-z0-9_-]{1,32}\z/]

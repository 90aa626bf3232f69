# @summary A number of bytes, plain or with a unit: `4194304`, `512KiB`, `4MiB`, `2GiB`
type Docker_registry_ha::Size = Variant[Integer[0], Pattern[/\A[0-9]+(KiB|MiB|GiB|TiB)?\z/]]

# @summary The log: the settings `log.*` of registryd(8)
type Docker_registry_ha::Log = Struct[{
    Optional[level]  => Enum['error', 'warn', 'info', 'debug'],
    Optional[access] => Boolean,
    Optional[audit]  => Boolean,
}]

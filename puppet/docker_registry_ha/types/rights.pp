# @summary Who may do what in a namespace. Without `delete`, who may push may also delete.
type Docker_registry_ha::Rights = Struct[{
    pull             => Docker_registry_ha::Readers,
    push             => Array[Docker_registry_ha::Account_name],
    Optional[delete] => Array[Docker_registry_ha::Account_name],
    Optional[realm]  => Struct[{
        Optional[pull] => Pattern[/\A[^"\\]{1,200}\z/],
        Optional[push] => Pattern[/\A[^"\\]{1,200}\z/],
    }],
}]

# @summary Sizes and queues: the settings `limits.*` of registryd(8)
type Docker_registry_ha::Limits = Struct[{
    Optional[manifest_bytes]    => Docker_registry_ha::Size,
    Optional[blob_bytes]        => Docker_registry_ha::Size,
    Optional[head_bytes]        => Docker_registry_ha::Size,
    Optional[body_buffer_bytes] => Docker_registry_ha::Size,
    Optional[body_budget_bytes] => Docker_registry_ha::Size,
    Optional[worker_queue]      => Integer[1, 1000000],
}]

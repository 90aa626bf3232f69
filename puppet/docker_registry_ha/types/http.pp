# @summary Connections: the settings `http.*` of registryd(8)
type Docker_registry_ha::Http = Struct[{
    Optional[max_connections_per_address] => Integer[0, 1000000],
    Optional[debug_listen]                => Variant[Docker_registry_ha::Address, Enum['']],
    Optional[relative_locations]          => Boolean,
    Optional[event_threads]               => Integer[1, 64],
    Optional[worker_threads]              => Integer[1, 1024],
    Optional[max_connections]             => Integer[16, 1000000],
    Optional[head_deadline]               => Docker_registry_ha::Duration,
    Optional[idle_deadline]               => Docker_registry_ha::Duration,
    Optional[body_deadline]               => Docker_registry_ha::Duration,
    Optional[hand_over_deadline]          => Docker_registry_ha::Duration,
}]

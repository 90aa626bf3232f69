# @summary An address or a network: `10.64.0.1`, `2620:0:861::/48`
type Docker_registry_ha::Network = Stdlib::IP::Address

# @summary A part of the registry: `restricted/`, or the empty string for all that no other namespace covers
type Docker_registry_ha::Namespace = Variant[
  Enum[''],
  Pattern[/\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/\z/],
]

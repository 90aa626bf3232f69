# @summary An active site takes writes; a passive one serves reads and names the active one to writers
type Docker_registry_ha::Role = Enum['active', 'passive']

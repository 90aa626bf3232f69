# @summary A password that crypt(3) can hash
type Docker_registry_ha::Password = String[1, 511]

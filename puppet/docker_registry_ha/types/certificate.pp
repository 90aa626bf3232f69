# @summary A further certificate and its private key, both PEM files on the host
type Docker_registry_ha::Certificate = Struct[{
    certificate => Stdlib::Absolutepath,
    key         => Stdlib::Absolutepath,
}]

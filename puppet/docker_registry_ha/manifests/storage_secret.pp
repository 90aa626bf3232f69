# @summary The file that registryd reads the password or the keys of a storage from
#
# @param secret
#   a password of Swift, or the keys of an S3
#
# @api private
define docker_registry_ha::storage_secret (
  Sensitive[Variant[String[1], Docker_registry_ha::S3_credentials]] $secret,
) {
  assert_private()
  $keys = $secret.unwrap
  $content = $keys ? {
    String  => "${keys}\n",
    default => docker_registry_ha::s3_credentials_text($keys),
  }
  file { $title:
    ensure  => file,
    owner   => 'root',
    group   => 'docker-registry-ha',
    mode    => '0640',
    content => Sensitive($content),
    before  => File['/etc/docker-registry-ha/registryd.yaml'],
  }
}

# @summary Keys of an S3 as the credentials file that AWS' own tools read, too
#
# @param keys
#   the keys
#
# @return [String]
#   the text
#
# @api private
function docker_registry_ha::s3_credentials_text(Docker_registry_ha::S3_credentials $keys) >> String {
  $token = $keys['session_token'] ? {
    undef   => '',
    default => "aws_session_token = ${keys['session_token']}\n",
  }
  "[default]\naws_access_key_id = ${keys['access_key']}\naws_secret_access_key = ${keys['secret_key']}\n${token}"
}

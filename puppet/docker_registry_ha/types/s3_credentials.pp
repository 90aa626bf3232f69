# @summary With which keys the registry goes to its S3; a session token belongs to temporary ones
type Docker_registry_ha::S3_credentials = Struct[{
    access_key              => Pattern[/\A\S+\z/],
    secret_key              => Pattern[/\A\S+\z/],
    Optional[session_token] => Pattern[/\A\S+\z/],
}]

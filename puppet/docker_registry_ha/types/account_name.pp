# @summary The name of an account, as clients log in with it
type Docker_registry_ha::Account_name = Pattern[/\A[A-Za-z0-9._-]{1,64}\z/]

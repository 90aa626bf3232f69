# @summary The name of an account, as clients log in with it; `anonymous` would mean everybody
type Docker_registry_ha::Account_name = Pattern[/\A(?!anonymous\z)[A-Za-z0-9._-]{1,64}\z/]

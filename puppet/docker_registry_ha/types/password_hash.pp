# @summary A password hash as mkpasswd(1) or htpasswd(1) write it: yescrypt, bcrypt, SHA-512, SHA-256 or `$apr1$`
type Docker_registry_ha::Password_hash = Pattern[/\A\$(y|2[aby]|6|5|apr1)\$[^\s:]+\z/]

# @summary A span of time: `500ms`, `60s`, `5m`, `24h`, `7d`
type Docker_registry_ha::Duration = Pattern[/\A[0-9]+(ms|s|m|h|d)\z/]

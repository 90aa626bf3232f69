# @summary Where a socket listens: an IP address and a port, `0.0.0.0:5000` or `[::]:5000`
type Docker_registry_ha::Address = Pattern[
  /\A([0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{1,5}\z/,
  /\A\[[0-9a-fA-F:.]+\]:[0-9]{1,5}\z/,
]

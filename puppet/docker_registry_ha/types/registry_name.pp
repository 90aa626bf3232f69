# @summary The name that clients pull by: `registry.example.org`, or with a port `registry.example.org:5000`
type Docker_registry_ha::Registry_name = Pattern[/\A[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?\z/]

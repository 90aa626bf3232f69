# @summary The list of images at `/`, made anew every hour
#
# @param ensure
#   whether there is one
# @param registry_name
#   the name that clients pull by, with the port if it is not 443; without it, the name of the host
# @param on_calendar
#   when it is made, as systemd.time(7) has it; without it, every hour at a minute that is the host's own
#
# @example
#   class { 'docker_registry_ha::homepage':
#     registry_name => 'registry.example.org',
#   }
class docker_registry_ha::homepage (
  Enum['present', 'absent']                   $ensure,
  Optional[Docker_registry_ha::Registry_name] $registry_name = undef,
  Optional[String[1]]                         $on_calendar   = undef,
) {
  $settings = $ensure ? {
    'absent' => { 'path' => '' },
    default  => { 'registry_name' => $registry_name },
  }
  $timer_ensure = $ensure ? {
    'absent' => stopped,
    default  => running,
  }
  $drop_in_ensure = $on_calendar ? {
    Undef   => absent,
    default => file,
  }
  file { '/etc/systemd/system/docker-registry-ha-homepage.timer.d':
    ensure => directory,
    mode   => '0755',
  }
  file { '/etc/systemd/system/docker-registry-ha-homepage.timer.d/calendar.conf':
    ensure  => $drop_in_ensure,
    mode    => '0644',
    content => "# Managed by Puppet (docker_registry_ha::homepage::on_calendar).\n[Timer]\nOnCalendar=\nOnCalendar=${on_calendar}\n",
    notify  => Service['docker-registry-ha-homepage.timer'],
  }
  service { 'docker-registry-ha-homepage.timer':
    ensure => $timer_ensure,
    enable => $ensure == 'present',
  }
}

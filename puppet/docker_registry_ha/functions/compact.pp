# @summary Leaves out what is undefined and what is empty, at every level: so that a file says only what hiera says
#
# @param settings the settings of a file
# @return the settings that have a value
function docker_registry_ha::compact(Hash $settings) >> Hash {
  $settings.reduce({}) |$kept, $entry| {
    $value = $entry[1] ? {
      Hash    => docker_registry_ha::compact($entry[1]),
      default => $entry[1],
    }
    if $value =~ Undef or $value == {} { $kept } else { $kept + { $entry[0] => $value } }
  }
}

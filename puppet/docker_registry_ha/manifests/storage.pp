# @summary Where images lie
#
# @param driver
#   `filesystem`: a folder on this host; `swift`: OpenStack Swift; `s3`: an S3, such as Ceph's or Amazon's
# @param root
#   the folder of the filesystem driver. Below it lies the layout of CNCF distribution 2.8 (docker/registry/v2), so an
#   existing folder of that registry can be taken over.
# @param manage_root
#   whether Puppet makes the folder and gives it to the registry's user; what lies in it is left alone
# @param swift
#   where Swift is, and as whom the registry logs in there; needed for the driver `swift`
# @param swift_password
#   the password or key of that user. A changed one needs no restart.
# @param s3
#   which bucket of which S3; needed for the driver `s3`
# @param s3_credentials
#   the keys for it. Changed ones need no restart.
#
# @example Images on a disk of their own
#   class { 'docker_registry_ha::storage':
#     root => '/srv/registry',
#   }
class docker_registry_ha::storage (
  Enum['filesystem', 'swift', 's3']                       $driver,
  Stdlib::Absolutepath                                    $root,
  Boolean                                                 $manage_root,
  Optional[Docker_registry_ha::Swift]                     $swift          = undef,
  Optional[Sensitive[String[1]]]                          $swift_password = undef,
  Optional[Docker_registry_ha::S3]                        $s3             = undef,
  Optional[Sensitive[Docker_registry_ha::S3_credentials]] $s3_credentials = undef,
) {
  if $driver == 'swift' {
    if $swift =~ Undef or $swift_password =~ Undef {
      fail('docker_registry_ha::storage::swift and docker_registry_ha::storage::swift_password are needed for the driver swift')
    }
    $password_file = '/etc/docker-registry-ha/swift-password'
    file { $password_file:
      ensure  => file,
      owner   => 'root',
      group   => 'docker-registry-ha',
      mode    => '0640',
      content => Sensitive("${swift_password.unwrap}\n"),
      before  => File['/etc/docker-registry-ha/registryd.yaml'],
    }
    $settings = { 'driver' => $driver, 'swift' => $swift + { 'password_file' => $password_file } }
  } elsif $driver == 's3' {
    if $s3 =~ Undef or $s3_credentials =~ Undef {
      fail('docker_registry_ha::storage::s3 and docker_registry_ha::storage::s3_credentials are needed for the driver s3')
    }
    $credentials_file = '/etc/docker-registry-ha/s3-credentials'
    $keys = $s3_credentials.unwrap
    $token = $keys['session_token'] ? {
      undef   => '',
      default => "aws_session_token = ${keys['session_token']}\n",
    }
    file { $credentials_file:
      ensure  => file,
      owner   => 'root',
      group   => 'docker-registry-ha',
      mode    => '0640',
      content => Sensitive("[default]\naws_access_key_id = ${keys['access_key']}\naws_secret_access_key = ${keys['secret_key']}\n${token}"),
      before  => File['/etc/docker-registry-ha/registryd.yaml'],
    }
    $settings = { 'driver' => $driver, 's3' => $s3 + { 'credentials_file' => $credentials_file } }
  } else {
    $settings = { 'driver' => $driver, 'filesystem' => { 'root' => $root } }
  }

  # The service's sandbox lets it write to its own state folder; any other has to be named.
  $outside = $driver == 'filesystem' and $root !~ /\A\/var\/lib\/docker-registry-ha(\/|\z)/
  $sandbox_ensure = $outside ? {
    true    => file,
    default => absent,
  }
  if $outside and $manage_root {
    file { $root:
      ensure => directory,
      owner  => 'docker-registry-ha',
      group  => 'docker-registry-ha',
      mode   => '0750',
      before => File['/etc/systemd/system/docker-registry-ha.service.d/storage.conf'],
    }
  }
  file { '/etc/systemd/system/docker-registry-ha.service.d':
    ensure => directory,
    mode   => '0755',
  }
  file { '/etc/systemd/system/docker-registry-ha.service.d/storage.conf':
    ensure  => $sandbox_ensure,
    mode    => '0644',
    content => "# Managed by Puppet.\n[Service]\nReadWritePaths=${root}\n",
    notify  => Service['docker-registry-ha.service'],
  }
}

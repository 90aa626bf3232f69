# frozen_string_literal: true

require 'rspec-puppet'

modules = File.expand_path('../..', __dir__)

RSpec.configure do |config|
  config.module_path = "#{modules}:/usr/share/puppet/modules"
  config.manifest = File.join(__dir__, 'site.pp')
  config.environmentpath = modules
  config.strict_variables = true
  config.default_facts = {
    'os' => { 'name' => 'Debian', 'family' => 'Debian', 'release' => { 'major' => '12', 'full' => '12.8' } },
    'operatingsystem' => 'Debian',
    'osfamily' => 'Debian',
    'operatingsystemrelease' => '12.8',
    'service_provider' => 'systemd',
    'path' => '/usr/bin:/bin',
  }
end

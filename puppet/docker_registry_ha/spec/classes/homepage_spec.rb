# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::homepage' do
  let(:post_condition) { 'include docker_registry_ha' }
  let(:config) { '/etc/docker-registry-ha/registryd.yaml' }
  let(:drop_in) { '/etc/systemd/system/docker-registry-ha-homepage.timer.d/calendar.conf' }

  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_service('docker-registry-ha-homepage.timer').with(ensure: 'running', enable: true) }
    it { is_expected.to contain_file(drop_in).with_ensure('absent') }
    it { is_expected.to contain_file(config).without_content(/homepage/) }
  end

  context 'with a name and a calendar' do
    let(:params) { { registry_name: 'registry.example.org', on_calendar: '*:0/10' } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file(config).with_content(/homepage:\n  registry_name: registry\.example\.org/) }

    it 'replaces when it is made' do
      is_expected.to contain_file(drop_in).with_content(%r{OnCalendar=\nOnCalendar=\*:0/10$})
                                          .that_notifies('Service[docker-registry-ha-homepage.timer]')
    end
  end

  context 'with ensure absent' do
    let(:params) { { ensure: 'absent' } }

    it { is_expected.to contain_file(config).with_content(/homepage:\n  path: ''/) }
    it { is_expected.to contain_service('docker-registry-ha-homepage.timer').with(ensure: 'stopped', enable: false) }
  end

  { ensure: 'yes', registry_name: 'https://registry', on_calendar: '' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:params) { { name => value } }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end
end

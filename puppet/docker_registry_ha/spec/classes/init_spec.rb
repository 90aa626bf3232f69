# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha' do
  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_package('docker-registry-ha').with_ensure('installed') }
    it { is_expected.to contain_package('docker-registryctl').with_ensure('installed') }
    it { is_expected.to contain_service('docker-registry-ha.socket').with(ensure: 'running', enable: true) }
    it { is_expected.to contain_service('docker-registry-ha.service').with(ensure: 'running', enable: true) }

    it 'writes the rules before the registry is told of them, and applies them last' do
      is_expected.to contain_class('docker_registry_ha::access').that_comes_before('Class[docker_registry_ha::registry]')
      is_expected.to contain_class('docker_registry_ha::registry').that_comes_before('Class[docker_registry_ha::reload]')
    end
  end

  context 'with a version' do
    let(:params) { { package_ensure: '0.1.0' } }

    it { is_expected.to contain_package('docker-registry-ha').with_ensure('0.1.0') }
  end

  context 'with the service stopped' do
    let(:params) { { service_ensure: 'stopped' } }

    it { is_expected.to contain_service('docker-registry-ha.service').with_ensure('stopped') }
    it { is_expected.not_to contain_exec('registry-acl-reloader') }
  end

  context 'with ensure absent' do
    let(:params) { { ensure: 'absent' } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_package('docker-registry-ha').with_ensure('absent') }
    it { is_expected.to contain_service('docker-registry-ha.service').with_ensure('stopped') }
    it { is_expected.to contain_file('/etc/docker-registry-ha/access.yaml').with_ensure('absent') }

    it 'leaves images alone' do
      is_expected.not_to contain_file('/var/lib/docker-registry-ha')
    end
  end

  { ensure: 'purged', service_ensure: 'up', package_ensure: '' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:params) { { name => value } }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end
end

%w[install reload absent].each do |name|
  describe "docker_registry_ha::#{name}" do
    it { is_expected.to compile.and_raise_error(/is private/) }
  end
end

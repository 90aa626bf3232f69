# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::storage' do
  let(:pre_condition) { 'include docker_registry_ha' }
  let(:drop_in) { '/etc/systemd/system/docker-registry-ha.service.d/storage.conf' }

  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file(drop_in).with_ensure('absent') }
  end

  context 'with a folder elsewhere' do
    let(:pre_condition) { '' }
    let(:post_condition) { 'include docker_registry_ha' }
    let(:params) { { root: '/srv/registry' } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file('/srv/registry').with(ensure: 'directory', owner: 'docker-registry-ha') }

    it 'opens the sandbox for it and restarts the service' do
      is_expected.to contain_file(drop_in).with_content(%r{^ReadWritePaths=/srv/registry$})
                                          .that_notifies('Service[docker-registry-ha.service]')
    end

    it 'tells the registry' do
      is_expected.to contain_file('/etc/docker-registry-ha/registryd.yaml').with_content(%r{root: "?/srv/registry"?$})
    end
  end

  context 'with a folder elsewhere that is not ours' do
    let(:pre_condition) { '' }
    let(:post_condition) { 'include docker_registry_ha' }
    let(:params) { { root: '/srv/registry', manage_root: false } }

    it { is_expected.not_to contain_file('/srv/registry') }
    it { is_expected.to contain_file(drop_in).with_ensure('file') }
  end

  { driver: 'floppy', root: 'relative/folder', manage_root: 'yes' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:pre_condition) { '' }
      let(:params) { { name => value } }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end
end

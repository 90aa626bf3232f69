# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::cache' do
  let(:post_condition) { 'include docker_registry_ha' }
  let(:config) { '/etc/docker-registry-ha/registryd.yaml' }
  let(:drop_in) { '/etc/systemd/system/docker-registry-ha.service.d/cache.conf' }

  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file(drop_in).with_ensure('absent') }
    it { is_expected.to contain_file(config).without_content(/disk:/) }
  end

  context "with the package's own folder" do
    let(:params) { { path: '/var/cache/docker-registry-ha', size: '200GiB' } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file(drop_in).with_ensure('absent') }

    it 'is a setting' do
      is_expected.to contain_file(config)
        .with_content(%r{cache:\n  disk:\n    path: "?/var/cache/docker-registry-ha"?\n    bytes: 200GiB})
    end
  end

  context 'with all there is' do
    let(:params) { { path: '/var/cache/docker-registry-ha', fills: 4, verify_interval: '24h', verify_rate: '8MiB' } }

    it 'is what the registry is told' do
      disk = YAML.safe_load(catalogue.resource('file', config)[:content])['cache']['disk']
      expect(disk).to eq('path' => '/var/cache/docker-registry-ha', 'fills' => 4, 'verify_interval' => '24h', 'verify_rate' => '8MiB')
    end
  end

  context 'with a folder elsewhere' do
    let(:params) { { path: '/srv/blobs' } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file('/srv/blobs').with(owner: 'docker-registry-ha', mode: '0750').that_comes_before("File[#{drop_in}]") }

    it 'lets it through the sandbox' do
      is_expected.to contain_file(drop_in).with(ensure: 'file', content: %r{^ReadWritePaths=/srv/blobs$})
                                          .that_notifies('Exec[docker_registry_ha sandbox]')
    end
  end

  context 'with a folder that somebody else makes' do
    let(:params) { { path: '/srv/blobs', manage_path: false } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.not_to contain_file('/srv/blobs') }
  end

  { path: 'cache', size: '200 GB', manage_path: 'no' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:params) { { path: '/var/cache/docker-registry-ha' }.merge(name => value) }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end

  context 'with a size and no folder' do
    let(:params) { { size: '1GiB' } }

    it { is_expected.to compile.and_raise_error(/docker_registry_ha::cache::path/) }
  end
end

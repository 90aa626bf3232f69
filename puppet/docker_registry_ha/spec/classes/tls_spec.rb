# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::tls' do
  let(:post_condition) { 'include docker_registry_ha' }
  let(:config) { '/etc/docker-registry-ha/registryd.yaml' }
  good = { ensure: 'present', certificate: '/etc/docker-registry-ha/tls/chain.pem', key: '/etc/docker-registry-ha/tls/key.pem' }

  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file(config).without_content(/tls/) }
    it { is_expected.to contain_service('docker-registry-ha-https.socket').with(ensure: 'stopped', enable: false) }
  end

  context 'with a certificate' do
    let(:params) { good }

    it { is_expected.to compile.with_all_deps }

    it 'tells the registry' do
      http = YAML.safe_load(catalogue.resource('file', config)[:content])['http']
      expect(http).to eq('tls' => { 'certificate' => good[:certificate], 'key' => good[:key] })
    end

    it 'opens the port before the service starts' do
      is_expected.to contain_service('docker-registry-ha-https.socket')
        .with(ensure: 'running', enable: true).that_comes_before('Service[docker-registry-ha.service]')
    end

    it 'can read a new certificate without a restart' do
      is_expected.to contain_exec('docker_registry_ha certificates').with(command: /--signal=HUP/, refreshonly: true)
    end
  end

  context 'with a certificate and no key' do
    let(:params) { good.reject { |name, _| name == :key } }

    it { is_expected.to compile.and_raise_error(/docker_registry_ha::tls::key/) }
  end

  { ensure: 'on', listen: ['443'], certificate: 'chain.pem', key: 'key.pem', certificates: ['x'], min_version: '1.0' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:params) { good.merge(name => value) }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end
end

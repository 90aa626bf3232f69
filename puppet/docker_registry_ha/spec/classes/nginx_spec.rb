# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::nginx' do
  let(:site) { '/etc/nginx/sites-available/docker-registry-ha' }
  let(:pre_condition) { "class { 'docker_registry_ha::access': trusted_proxies => ['127.0.0.1'] }" }
  good = { server_names: ['registry.example.org'], certificate: '/etc/ssl/r.pem', key: '/etc/ssl/private/r.key' }

  context 'with names and a certificate' do
    let(:params) { good }

    it { is_expected.to compile.with_all_deps }

    it 'passes everything on as it comes, and only says who the client is' do
      is_expected.to contain_file(site).with_content(/server_name registry\.example\.org;/)
                                       .with_content(/proxy_request_buffering off;/)
                                       .with_content(/X-Forwarded-For \$remote_addr;/)
                                       .without_content(/auth_basic/)
                                       .that_notifies('Service[nginx]')
    end

    it 'checks the site and reloads' do
      is_expected.to contain_file(site).with_validate_cmd(/nginx -t/)
      is_expected.to contain_service('nginx').with_restart(/reload/)
    end
  end

  context 'when the registry does not trust it' do
    let(:pre_condition) { '' }
    let(:params) { good }

    it { is_expected.to compile.and_raise_error(/docker_registry_ha::access::trusted_proxies must name 127\.0\.0\.1/) }
  end

  { server_names: [], certificate: 'r.pem', key: 1, listen_port: 70_000, backend: 'registry' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:params) { good.merge(name => value) }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end
end

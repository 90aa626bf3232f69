# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::access' do
  let(:file) { '/etc/docker-registry-ha/access.yaml' }
  let(:text) { catalogue.resource('file', file)[:content] }
  let(:document) { YAML.safe_load(text) }
  let(:post_condition) { 'include docker_registry_ha' }

  accounts = { 'ci-build' => { 'password_hashes' => ['$6$salt$hash'] },
               'kubernetes' => { 'password_hashes' => ['$y$j9T$salt$hash'] } }

  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }

    it 'lets everybody pull and nobody push' do
      expect(document).to include('rules' => [{ 'namespace' => '', 'pull' => 'anonymous', 'push' => [] }],
                                  'accounts' => {}, 'mode' => { 'read_only' => false, 'role' => 'active' })
    end

    it 'has the file checked, keeps it from others and never restarts the service' do
      is_expected.to contain_file(file).with(validate_cmd: '/usr/bin/docker-registryctl check-access %', mode: '0640',
                                             owner: 'root', group: 'docker-registry-ha')
      expect(catalogue.resource('file', file).sensitive_parameters).to include(:content)
      expect(catalogue.resource('file', file)[:notify]).to be_nil
    end

    it 'applies it when what is in force is something else' do
      is_expected.to contain_exec('registry-acl-reloader').with_unless(/docker-registryctl --json status/)
                                                          .without_refreshonly
    end
  end

  context 'with passwords' do
    let(:params) do
      { accounts: { 'ci-build' => { 'passwords' => [sensitive('new'), sensitive('old')] } },
        password_salt_secret: sensitive('the secret of a site'),
        uploaders: { 'ci1' => { 'addresses' => ['10.64.0.2', '2620:0:861::/48'], 'accounts' => ['ci-build'] } },
        namespaces: { '' => { 'pull' => 'anonymous', 'push' => ['ci-build'] },
                      'restricted/' => { 'pull' => ['ci-build'], 'push' => [],
                                         'realm' => { 'pull' => 'docker-registry restricted (restricted-read)' } } } }
    end

    it { is_expected.to compile.with_all_deps }

    it 'hashes them, all that are given, and writes none' do
      hashes = document['accounts']['ci-build']['password_hashes']
      expect(hashes.size).to eq(2)
      expect(hashes.map { |hash, _| hash }.zip(%w[new old])).to all(satisfy { |hash, word| word.crypt(hash) == hash })
      expect(text).not_to match(/\b(new|old)\b/)
    end

    it 'names the uploader' do
      expect(document['uploaders']).to eq([{ 'host' => 'ci1', 'addresses' => ['10.64.0.2', '2620:0:861::/48'],
                                             'accounts' => ['ci-build'] }])
    end

    it 'asks it for credentials' do
      expect(document['challenge_hosts']).to eq(['10.64.0.2', '2620:0:861::/48'])
    end
  end

  context 'as a passive site that is read-only' do
    let(:params) { { role: 'passive', active_url: 'https://registry.example.org', read_only: true } }

    it 'says so in mode' do
      expect(document['mode']).to eq('read_only' => true, 'role' => 'passive', 'active_url' => 'https://registry.example.org')
    end
  end

  {
    'an uploader with an unknown account' =>
      [{ uploaders: { 'ci1' => { 'addresses' => ['10.0.0.1'], 'accounts' => ['ci-biuld'] } } },
       /docker_registry_ha::access::uploaders: 'ci1' names the unknown account ci-biuld/],
    'a namespace with an unknown account' =>
      [{ namespaces: { 'restricted/' => { 'pull' => ['nobody'], 'push' => [] } } },
       %r{docker_registry_ha::access::namespaces: 'restricted/' names the unknown account nobody}],
    'a catalogue for an unknown account' =>
      [{ catalog: { 'allow' => ['nobody'] } }, /docker_registry_ha::access::catalog: 'allow' names the unknown account/],
    'a limit for an unknown account' =>
      [{ limits: [{ 'name' => 'builders', 'accounts' => ['nobody'] }] },
       /docker_registry_ha::access::limits: 'builders' names the unknown account nobody/],
    'a limit without a name' => [{ limits: [{ 'burst' => 1 }] }, /parameter 'limits'/],
    'a passive site without the active one' => [{ role: 'passive' }, /docker_registry_ha::access::active_url is missing/],
    'an account without any password' =>
      [{ accounts: { 'ci-build' => {} } }, /docker_registry_ha::access::accounts: 'ci-build' needs passwords/],
    'a password and no secret' =>
      [{ accounts: { 'ci-build' => { 'passwords' => [RSpec::Puppet::Sensitive.new('x')] } } },
       /docker_registry_ha::access::password_salt_secret is missing/],
    'a secret that is short' =>
      [{ accounts: { 'ci-build' => { 'passwords' => [RSpec::Puppet::Sensitive.new('x')] } },
         password_salt_secret: RSpec::Puppet::Sensitive.new('short') },
       /docker_registry_ha::access::password_salt_secret must have at least 16 characters/],
    'a password that is too long' =>
      [{ accounts: { 'ci-build' => { 'passwords' => [RSpec::Puppet::Sensitive.new('x' * 512)] } },
         password_salt_secret: RSpec::Puppet::Sensitive.new('the secret of a site') },
       /parameter 'accounts' entry 'ci-build'/],
    'a password that is not Sensitive' =>
      [{ accounts: { 'ci-build' => { 'passwords' => ['shown'] } } }, /parameter 'accounts'(?!.*shown)/],
    'an uploader without addresses' =>
      [{ uploaders: { 'ci1' => { 'accounts' => ['ci-build'] } } }, /parameter 'uploaders'.*addresses/],
    'a network that is none' =>
      [{ uploaders: { 'ci1' => { 'addresses' => ['ci1.example'], 'accounts' => ['ci-build'] } } }, /parameter 'uploaders'/],
    'a namespace without its slash' =>
      [{ namespaces: { 'restricted' => { 'pull' => 'anonymous', 'push' => [] } } }, /parameter 'namespaces'/],
    'anonymous pushes' =>
      [{ namespaces: { '' => { 'pull' => 'anonymous', 'push' => 'anonymous' } } }, /parameter 'namespaces'.*push/],
    'a misspelt right' =>
      [{ namespaces: { '' => { 'pull' => 'anonymous', 'push' => [], 'delet' => [] } } }, /parameter 'namespaces'.*delet/],
    'a role that is none' => [{ role: 'leader' }, /parameter 'role'/],
    'a read-only that is a word' => [{ read_only: 'false' }, /parameter 'read_only'/],
    'a proxy that is a name' => [{ trusted_proxies: ['proxy'] }, /parameter 'trusted_proxies'/],
  }.each do |title, (bad, message)|
    context "with #{title}" do
      let(:params) { { accounts: accounts }.merge(bad) }

      it { is_expected.to compile.and_raise_error(message) }
    end
  end

  context 'when the registry is taken off the host' do
    let(:post_condition) { '' }
    let(:pre_condition) { "class { 'docker_registry_ha': ensure => absent }" }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_file(file).with_ensure('absent') }
  end
end

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
                                          .that_notifies('Exec[docker_registry_ha sandbox]')
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

  context 'with Swift' do
    let(:pre_condition) { '' }
    let(:post_condition) { 'include docker_registry_ha' }
    let(:params) do
      { driver: 'swift', swift_password: sensitive('swift-secret'),
        swift: { 'auth_url' => 'https://swift.example.org/auth/v1.0', 'user' => 'registry:prod', 'container' => 'images' } }
    end

    it { is_expected.to compile.with_all_deps }

    it 'tells the registry where it is, and keeps the password in a file of its own' do
      storage = YAML.safe_load(catalogue.resource('file', '/etc/docker-registry-ha/registryd.yaml')[:content])['storage']
      expect(storage).to eq('driver' => 'swift',
                            'swift' => { 'auth_url' => 'https://swift.example.org/auth/v1.0', 'user' => 'registry:prod',
                                         'container' => 'images', 'password_file' => '/etc/docker-registry-ha/swift-password' })
      is_expected.to contain_file('/etc/docker-registry-ha/swift-password').with(mode: '0640', content: sensitive("swift-secret\n"))
    end

    it 'opens no folder' do
      is_expected.to contain_file(drop_in).with_ensure('absent')
    end
  end

  context 'with Swift and no password' do
    let(:pre_condition) { '' }
    let(:params) { { driver: 'swift', swift: { 'auth_url' => 'https://s.example.org', 'user' => 'u', 'container' => 'c' } } }

    it { is_expected.to compile.and_raise_error(/docker_registry_ha::storage::swift_password/) }
  end

  context 'with S3' do
    let(:pre_condition) { '' }
    let(:post_condition) { 'include docker_registry_ha' }
    let(:keys) { { 'access_key' => 'AKIA1', 'secret_key' => 's3-secret' } }
    let(:params) { { driver: 's3', s3: { 'bucket' => 'images', 'path_style' => true }, s3_credentials: sensitive(keys) } }
    let(:file) { '/etc/docker-registry-ha/s3-credentials' }

    it { is_expected.to compile.with_all_deps }

    it 'tells the registry which bucket, and keeps the keys in a file of their own' do
      storage = YAML.safe_load(catalogue.resource('file', '/etc/docker-registry-ha/registryd.yaml')[:content])['storage']
      expect(storage).to eq('driver' => 's3', 's3' => { 'bucket' => 'images', 'path_style' => true, 'credentials_file' => file })
      is_expected.to contain_file(file).with(
        mode: '0640', content: sensitive("[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s3-secret\n"),
      )
    end

    context 'that are temporary' do
      let(:keys) { { 'access_key' => 'A', 'secret_key' => 'S', 'session_token' => 'T' } }

      it { is_expected.to contain_file(file).with_content(sensitive("[default]\naws_access_key_id = A\naws_secret_access_key = S\naws_session_token = T\n")) }
    end
  end

  context 'with S3 and no keys' do
    let(:pre_condition) { '' }
    let(:params) { { driver: 's3', s3: { 'bucket' => 'images' } } }

    it { is_expected.to compile.and_raise_error(/docker_registry_ha::storage::s3_credentials/) }
  end

  context 'with routes' do
    let(:pre_condition) { '' }
    let(:post_condition) { 'include docker_registry_ha' }
    let(:keys) { { 'access_key' => 'AKIA1', 'secret_key' => 's3-secret' } }
    let(:routes) do
      { 'closed' => { 'namespaces' => ['restricted/'], 'driver' => 's3', 's3' => { 'bucket' => 'closed' } },
        'old' => { 'namespaces' => ['old'], 'driver' => 'swift',
                   'swift' => { 'auth_url' => 'https://swift.example.org/auth/v1.0', 'user' => 'a:b', 'container' => 'c' } },
        'ml' => { 'namespaces' => ['ml', 'team/ml'], 'driver' => 'filesystem', 'root' => '/srv/ml' } }
    end
    let(:params) { { routes: routes, route_secrets: sensitive('closed' => keys, 'old' => 'swift-secret'), peers_interval: '5s' } }

    it { is_expected.to compile.with_all_deps }

    it 'tells the registry what lies where' do
      storage = YAML.safe_load(catalogue.resource('file', '/etc/docker-registry-ha/registryd.yaml')[:content])['storage']
      expect(storage['driver']).to eq('filesystem')
      expect(storage['peers_interval']).to eq('5s')
      expect(storage['routes']).to eq(
        [{ 'name' => 'closed', 'namespaces' => ['restricted/'], 'driver' => 's3',
           's3' => { 'bucket' => 'closed', 'credentials_file' => '/etc/docker-registry-ha/storage-closed' } },
         { 'name' => 'old', 'namespaces' => ['old'], 'driver' => 'swift',
           'swift' => { 'auth_url' => 'https://swift.example.org/auth/v1.0', 'user' => 'a:b', 'container' => 'c',
                        'password_file' => '/etc/docker-registry-ha/storage-old' } },
         { 'name' => 'ml', 'namespaces' => ['ml', 'team/ml'], 'driver' => 'filesystem', 'filesystem' => { 'root' => '/srv/ml' } }],
      )
    end

    it 'keeps each secret in a file of its own' do
      is_expected.to contain_file('/etc/docker-registry-ha/storage-closed').with(
        mode: '0640', content: sensitive("[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s3-secret\n"),
      )
      is_expected.to contain_file('/etc/docker-registry-ha/storage-old').with_content(sensitive("swift-secret\n"))
    end

    it 'opens the sandbox for the folders' do
      is_expected.to contain_file('/srv/ml').with_ensure('directory')
      is_expected.to contain_file(drop_in).with_content(%r{^ReadWritePaths=/srv/ml$})
    end

    context 'and a secret missing' do
      let(:params) { { routes: routes, route_secrets: sensitive('closed' => keys) } }

      it { is_expected.to compile.and_raise_error(/docker_registry_ha::storage::route_secrets needs old/) }
    end

    context 'and no bucket' do
      let(:routes) { { 'closed' => { 'namespaces' => ['restricted'], 'driver' => 's3' } } }

      it { is_expected.to compile.and_raise_error(/docker_registry_ha::storage::routes::closed needs s3/) }
    end

    context 'and no folder' do
      let(:routes) { { 'ml' => { 'namespaces' => ['ml'], 'driver' => 'filesystem' } } }

      it { is_expected.to compile.and_raise_error(/docker_registry_ha::storage::routes::ml needs root/) }
    end
  end

  { routes: { 'A B' => {} }, peers_interval: 'often', driver: 'floppy', s3: { 'region' => 'eu' }, swift: { 'user' => 'u' }, root: 'relative/folder', manage_root: 'yes' }.each do |name, value|
    context "with #{name} #{value.inspect}" do
      let(:pre_condition) { '' }
      let(:params) { { name => value } }

      it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
    end
  end
end

# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::registry' do
  let(:config) { '/etc/docker-registry-ha/registryd.yaml' }
  let(:settings) { YAML.safe_load(catalogue.resource('file', config)[:content]) }
  let(:post_condition) { 'include docker_registry_ha' }

  context 'with nothing in hiera' do
    it { is_expected.to compile.with_all_deps }

    it 'says only what differs from the defaults, and where the rules are' do
      expect(settings).to eq('storage' => { 'driver' => 'filesystem',
                                            'filesystem' => { 'root' => '/var/lib/docker-registry-ha/storage' } },
                             'access' => { 'file' => '/etc/docker-registry-ha/access.yaml' })
    end

    it 'has the file checked by the daemon before it is put in place' do
      is_expected.to contain_file(config).with(validate_cmd: '/usr/bin/registryd --check-config %',
                                               owner: 'root', group: 'docker-registry-ha', mode: '0640')
                                         .that_comes_before('Service[docker-registry-ha.service]')
    end
  end

  it 'puts settings to use by a hand-over, and restarts only where that cannot do it' do
    is_expected.to contain_service('docker-registry-ha.service')
      .with_restart(%r{\A/usr/bin/registryd --hand-over\n.*^  3\|4\|5\) /usr/bin/systemctl restart docker-registry-ha.service ;;}m)
  end

  it 'does so whenever other settings are in force than those of the file' do
    is_expected.to contain_exec('docker_registry_ha settings')
      .with(onlyif: /registryd --dump-config/, command: %r{\A/usr/bin/registryd --hand-over\n})
      .that_requires('Service[docker-registry-ha.service]')
  end

  it 'restarts where the sandbox has changed, with the new settings and before anything else' do
    is_expected.to contain_exec('docker_registry_ha sandbox')
      .with(command: /daemon-reload && .* try-restart docker-registry-ha.service/, refreshonly: true)
      .that_requires("File[#{config}]").that_comes_before('Service[docker-registry-ha.service]')
  end

  context 'where the registry is not to run' do
    let(:pre_condition) { "class { 'docker_registry_ha': service_ensure => 'stopped' }" }

    it { is_expected.not_to contain_exec('docker_registry_ha settings') }
  end

  context 'with every setting' do
    let(:params) do
      { listen: ['0.0.0.0:5000', '[::]:5000'],
        http: { 'debug_listen' => '127.0.0.1:5001', 'worker_threads' => 8, 'idle_deadline' => '2m' },
        limits: { 'manifest_bytes' => '8MiB', 'worker_queue' => 100 },
        catalog: { 'max_entries' => 500 },
        uploads: { 'purge_after' => '24h' },
        log: { 'level' => 'debug', 'access' => false },
        upload_secret: sensitive('0123456789abcdef0123456789abcdef') }
    end

    it { is_expected.to compile.with_all_deps }

    it 'hands them on' do
      expect(settings).to include('catalog' => { 'max_entries' => 500 }, 'log' => { 'level' => 'debug', 'access' => false },
                                  'limits' => { 'manifest_bytes' => '8MiB', 'worker_queue' => 100 })
      expect(settings['http']).to include('secret_file' => '/etc/docker-registry-ha/upload-secret')
    end

    it 'replaces the addresses of the socket' do
      is_expected.to contain_file('/etc/systemd/system/docker-registry-ha.socket.d/listen.conf')
        .with_content(/^ListenStream=\nListenStream=0\.0\.0\.0:5000\nListenStream=\[::\]:5000$/)
        .that_notifies('Service[docker-registry-ha.socket]')
    end

    it 'keeps the secret from others' do
      is_expected.to contain_file('/etc/docker-registry-ha/upload-secret').with(mode: '0640', group: 'docker-registry-ha')
    end

    it 'puts another secret to use' do
      is_expected.to contain_exec('docker_registry_ha upload secret')
        .with(command: %r{\A/usr/bin/registryd --hand-over\n}, refreshonly: true)
        .that_subscribes_to('File[/etc/docker-registry-ha/upload-secret]')
    end
  end

  {
    listen: ['localhost', [], ['5000'], ['example.org:5000']],
    http: [{ 'worker_threads' => 0 }, { 'worker_treads' => 8 }, { 'idle_deadline' => '5 minutes' }, { 'debug_listen' => '5001' }],
    limits: [{ 'manifest_bytes' => '8MB' }, { 'worker_queue' => -1 }],
    cache: [{ 'memory_bytes' => 'much' }, { 'memory_entries' => 1 }],
    catalog: [{ 'max_entries' => 0 }],
    uploads: [{ 'purge_after' => 7 }],
    log: [{ 'level' => 'loud' }, { 'access' => 'no' }],
    upload_secret: ['not even Sensitive but long enough to be one'],
  }.each do |name, values|
    values.each do |value|
      context "with #{name} #{value.inspect}" do
        let(:params) { { name => value } }

        it { is_expected.to compile.and_raise_error(/parameter '#{name}'/) }
      end
    end
  end

  context 'with an upload secret that is short' do
    let(:params) { { upload_secret: sensitive('short') } }

    it { is_expected.to compile.and_raise_error(/docker_registry_ha::registry::upload_secret must have at least 32/) }
  end
end

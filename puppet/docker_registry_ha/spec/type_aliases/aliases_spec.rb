# frozen_string_literal: true

require_relative '../spec_helper'

aliases = {
  'Size' => [[0, 4_194_304, '512KiB', '4MiB', '10GiB'], [-1, '4MB', '4 MiB', 'MiB', '', 1.5]],
  'Duration' => [%w[500ms 60s 5m 24h 7d], ['5', '5 m', 'm', '-1s', 60, '']],
  'Address' => [['127.0.0.1:5000', '0.0.0.0:443', '[::]:5000', '[2001:db8::1]:80'], ['localhost:5000', '127.0.0.1', ':5000', '::1:5000']],
  'Account_name' => [%w[ci-build prod_build k8s.node A], ['', 'a b', 'a:b', 'ü', 'anonymous', 'x' * 65]],
  'Password' => [['x', 'p' * 511], ['', 'p' * 512, 1]],
  'Password_hash' => [['$6$salt$hash', '$y$j9T$s$h', '$2b$12$hash', '$apr1$s$h', '$5$s$h'], ['plain', '$1$s$h', '$6$a b', '{SHA}xyz', '$6$a:b']],
  'Account' => [[{ 'password_hashes' => ['$6$s$h'] }, {}], [{ 'password' => 'x' }, { 'passwords' => ['x'] }, { 'password_hashes' => [] }]],
  'Network' => [['10.0.0.1', '10.0.0.0/8', '2620:0:861::2', '2620:0:861::/48'], ['host', '10.0.0', '10.0.0.0/33', '']],
  'Uploader' => [[{ 'addresses' => ['10.0.0.1'], 'accounts' => ['a'] }],
                 [{ 'addresses' => ['10.0.0.1'] }, { 'addresses' => [], 'accounts' => ['a'] }, { 'addresses' => '10.0.0.1', 'accounts' => ['a'] }]],
  'Namespace' => [['', 'restricted/', 'a/b-c/', 'a_b.c/'], ['restricted', '/', 'Restricted/', 'a//b/', '*']],
  'Readers' => [['anonymous', [], ['a']], ['everybody', ['a b'], nil]],
  'Rights' => [[{ 'pull' => 'anonymous', 'push' => [] }, { 'pull' => ['a'], 'push' => ['a'], 'delete' => [], 'realm' => { 'pull' => 'r' } }],
               [{ 'pull' => 'anonymous' }, { 'pull' => 'anonymous', 'push' => 'anonymous' },
                { 'pull' => 'anonymous', 'push' => [], 'realm' => { 'pull' => 'a "quote"' } }]],
  'Catalog_access' => [[{}, { 'allow' => 'anonymous', 'networks' => ['10.0.0.0/8'] }], [{ 'allow' => 'all' }, { 'network' => [] }]],
  'Client_limit' => [[{ 'name' => 'a' }, { 'name' => 'a', 'accounts' => 'anonymous', 'requests_per_second' => 5, 'blob_bytes' => '1GiB' }],
                     [{}, { 'name' => 'a b' }, { 'name' => 'a', 'requests_per_second' => 0 }]],
  'Registry_name' => [%w[registry registry.example.org registry.example.org:5000], ['', 'https://r', 'r/', 'r:', '-r']],
  'Certificate' => [[{ 'certificate' => '/c', 'key' => '/k' }], [{ 'certificate' => '/c' }, { 'certificate' => 'c', 'key' => '/k' }]],
  'Swift' => [[{ 'auth_url' => 'https://s.example.org/v3', 'user' => 'u', 'container' => 'c', 'auth_version' => '3' }],
              [{ 'user' => 'u', 'container' => 'c' }, { 'auth_url' => 'swift', 'user' => 'u', 'container' => 'c' },
               { 'auth_url' => 'https://s.example.org', 'user' => 'u', 'container' => 'a/b' }]],
  'S3' => [[{ 'bucket' => 'b' }, { 'bucket' => 'b', 'endpoint' => 'https://rgw:7480', 'path_style' => true, 'prefix' => 'a/b' }],
           [{}, { 'bucket' => 'a/b' }, { 'bucket' => 'b', 'endpoint' => 'rgw' }, { 'bucket' => 'b', 'prefix' => '/a' },
            { 'bucket' => 'b', 'path_style' => 'yes' }]],
  'S3_credentials' => [[{ 'access_key' => 'a', 'secret_key' => 'b' }, { 'access_key' => 'a', 'secret_key' => 'b', 'session_token' => 'c' }],
                       [{ 'access_key' => 'a' }, { 'access_key' => 'a b', 'secret_key' => 'b' }, { 'access_key' => 'a', 'secret_key' => "b\n" }]],
  'Route_name' => [%w[restricted ml-2 a_b], ['', 'Upper', 'a b', 'a/b', 'x' * 33]],
  'Route' => [[{ 'namespaces' => ['restricted/', 'team/ml'], 'driver' => 'filesystem', 'root' => '/srv/ml' },
               { 'namespaces' => ['a'], 'driver' => 's3', 's3' => { 'bucket' => 'b' } }],
              [{}, { 'namespaces' => [], 'driver' => 's3' }, { 'namespaces' => ['/a'], 'driver' => 's3' },
               { 'namespaces' => [''], 'driver' => 's3' }, { 'namespaces' => ['a'], 'driver' => 'memory' },
               { 'namespaces' => ['a'], 'driver' => 'filesystem', 'root' => 'srv' }]],
  'Role' => [%w[active passive], ['', 'standby', true]],
  'Http' => [[{}, { 'debug_listen' => '', 'max_connections' => 16 }], [{ 'max_connections' => 15 }, { 'listen' => [] }]],
  'Limits' => [[{}, { 'blob_bytes' => 0 }], [{ 'blob_bytes' => 'none' }, { 'x' => 1 }]],
  'Cache' => [[{}, { 'memory_bytes' => '256MiB', 'memory_entries' => 16 }], [{ 'memory_entries' => 1 }, { 'bytes' => 1 }]],
  'Catalog' => [[{}, { 'max_entries' => 1 }], [{ 'max_entries' => 100_001 }]],
  'Uploads' => [[{}, { 'purge_interval' => '1h' }], [{ 'purge_interval' => 1 }]],
  'Log' => [[{}, { 'level' => 'warn', 'access' => true }], [{ 'level' => 'warning' }]],
}

aliases.each do |name, (good, bad)|
  describe "Docker_registry_ha::#{name}" do
    good.each { |value| it { is_expected.to allow_value(value) } }
    bad.each { |value| it { is_expected.not_to allow_value(value) } }
  end
end

describe 'type aliases' do
  it 'have a spec each' do
    files = Dir[File.expand_path('../../types/*.pp', __dir__)].map { |file| File.basename(file, '.pp').capitalize }
    expect(files.sort).to eq(aliases.keys.sort)
  end
end

# frozen_string_literal: true

# Every host of every example in hiera-examples/ is compiled, and what the catalogue would write is checked by the
# programs that would read it. The programs are those of build/bin, or of $RHA_BIN.

require_relative '../../puppet/docker_registry_ha/spec/spec_helper'
require 'open3'
require 'openssl'
require 'tmpdir'

TOP = File.expand_path('../..', __dir__)
PROGRAMS = ENV.fetch('RHA_BIN', File.join(TOP, 'build', 'bin'))

# The files of the certificates that the examples name, in a folder of the test's.
def make_certificate(folder)
  key = OpenSSL::PKey::EC.generate('prime256v1')
  certificate = OpenSSL::X509::Certificate.new
  certificate.version = 2
  certificate.serial = 1
  certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse('/CN=registry.example.org')
  certificate.public_key = key
  certificate.not_before = Time.now - 60
  certificate.not_after = Time.now + 3600
  certificate.sign(key, OpenSSL::Digest.new('SHA256'))
  File.write(File.join(folder, 'fullchain.pem'), certificate.to_pem)
  File.write(File.join(folder, 'privkey.pem'), key.to_pem)
end

# What `program` says of a file with this content; nil if it has no complaint.
def complaint(content, *program)
  Dir.mktmpdir do |folder|
    make_certificate(folder)
    file = File.join(folder, 'file.yaml')
    File.write(file, content.gsub('/etc/docker-registry-ha/tls/', "#{folder}/"))
    output, status = Open3.capture2e(File.join(PROGRAMS, program.first), *program.drop(1), file)
    status.success? ? nil : output
  end
end

Dir[File.join(TOP, 'hiera-examples', '*', 'hiera.yaml')].sort.each do |hiera|
  folder = File.dirname(hiera)
  nodes = Dir[File.join(folder, 'data', 'nodes', '*.yaml')].map { |file| File.basename(file, '.yaml') }

  describe 'role::docker_registry', type: :class do
    nodes.sort.each do |host|
      context "with hiera-examples/#{File.basename(folder)} on #{host}" do
        let(:hiera_config) { hiera }
        let(:node) { host }
        let(:registryd) { catalogue.resource('file', '/etc/docker-registry-ha/registryd.yaml')[:content] }
        let(:access) { catalogue.resource('file', '/etc/docker-registry-ha/access.yaml')[:content] }

        it { is_expected.to compile.with_all_deps }

        it 'writes a registryd.yaml that registryd accepts' do
          expect(complaint(registryd, 'registryd', '--check-config')).to be_nil
        end

        it 'writes an access.yaml that is accepted, and no password' do
          expect(complaint(access, 'docker-registryctl', 'check-access')).to be_nil
          expect(access).not_to match(/example-password/)
        end
      end
    end

    it 'has at least one host' do
      expect(nodes).not_to be_empty
    end
  end
end

describe 'the settings of registryd' do
  # Those that the module decides itself, and sockets, which systemd opens.
  ours = %w[http.listen http.tls.listen http.proxy_protocol.from http.secret_file access.file storage.swift.password_file storage.s3.credentials_file control.socket index.path]

  def paths(tree, prefix = '')
    tree.flat_map do |key, value|
      value.is_a?(Hash) ? paths(value, "#{prefix}#{key}.") : ["#{prefix}#{key}"]
    end
  end

  it 'can all be given in hiera' do
    dump, = Open3.capture2(File.join(PROGRAMS, 'registryd'), '--dump-config', '--config=/dev/null')
    in_types = Dir[File.join(TOP, 'puppet/docker_registry_ha/types/*.pp')].to_h do |file|
      [File.basename(file, '.pp'), File.read(file).scan(/^ +(?:Optional\[)?(\w+)\]? +=>/).flatten]
    end
    in_classes = %w[storage homepage tls cache].to_h do |name|
      [name, File.read(File.join(TOP, "puppet/docker_registry_ha/manifests/#{name}.pp"))]
    end
    missing = (paths(YAML.safe_load(dump)) - ours).reject do |path|
      section, name = path.start_with?('http.tls.') ? ['tls', path] : path.split('.', 2)
      name = name.split('.').last
      driver = path[/\Astorage\.(swift|s3)\./, 1]
      next in_types[driver].include?(name) if driver
      next in_types['cache'].include?(name) if path.start_with?('cache.') && !path.start_with?('cache.disk.')

      in_classes.key?(section) ? in_classes[section].include?("'#{name}'") : in_types.fetch(section, []).include?(name)
    end
    expect(missing).to eq([])
  end
end

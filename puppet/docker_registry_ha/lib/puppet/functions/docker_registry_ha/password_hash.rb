# frozen_string_literal: true

require 'openssl'

# @summary Hashes a password for access.yaml, the same way on every run and on every host
#
# The hash is SHA-512 of crypt(3). Its salt is made from the account and from a secret of the site, not at random: so
# the file stays the same from run to run, all hosts of a site have the same one, and two sites or two accounts with one
# password do not.
Puppet::Functions.create_function(:'docker_registry_ha::password_hash') do
  # @param password the password
  # @param salt_secret the site's secret; at least 16 characters
  # @param account the account's name
  # @return the hash, for `password_hashes`
  # @example
  #   docker_registry_ha::password_hash(Sensitive('secret'), Sensitive('the secret of this site'), 'ci-build')
  dispatch :password_hash do
    param 'Sensitive[Docker_registry_ha::Password]', :password
    param 'Sensitive[String[16]]', :salt_secret
    param 'Docker_registry_ha::Account_name', :account
    return_type 'Sensitive[Docker_registry_ha::Password_hash]'
  end

  def password_hash(password, salt_secret, account)
    hash = crypt(password.unwrap, salt(salt_secret.unwrap, account))
    Puppet::Pops::Types::PSensitiveType::Sensitive.new(hash)
  end

  def salt(secret, account)
    raise Puppet::Error, 'the salt secret must have at least 16 characters' if secret.length < 16

    [OpenSSL::HMAC.digest('SHA256', secret, account)].pack('m0').tr('+', '.')[0, 16]
  end

  def crypt(password, salt)
    if password.empty? || password.bytesize > 511 || password.include?("\0")
      raise Puppet::Error, 'a password must have 1 to 511 bytes and no NUL character'
    end

    hash = password.crypt("$6$#{salt}")
    # A crypt(3) that does not know SHA-512 takes "$6" for a salt of DES, whose hashes are worth nothing.
    raise Puppet::Error, 'crypt(3) of the Puppet server cannot make SHA-512 hashes' unless hash.start_with?("$6$#{salt}$")

    hash
  end
end

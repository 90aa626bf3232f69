# frozen_string_literal: true

require_relative '../spec_helper'

describe 'docker_registry_ha::password_hash' do
  let(:secret) { sensitive('the secret of a site') }

  def hash_of(password, secret, account)
    subject.execute(sensitive(password), sensitive(secret), account).unwrap
  end

  it 'is what crypt(3) takes for the password' do
    hash = hash_of('a password', 'the secret of a site', 'ci-build')
    expect(hash).to match(%r{\A\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}\z})
    expect('a password'.crypt(hash)).to eq(hash)
    expect('another'.crypt(hash)).not_to eq(hash)
  end

  it 'is the same on every run' do
    is_expected.to run.with_params(sensitive('a password'), secret, 'ci-build').and_return(
      sensitive(hash_of('a password', 'the secret of a site', 'ci-build'))
    )
  end

  it 'differs by account and by site' do
    same = [['s' * 16, 'ci-build'], ['s' * 16, 'prod-build'], ['t' * 16, 'ci-build']]
    expect(same.map { |secret, account| hash_of('a password', secret, account) }.uniq.size).to eq(3)
  end

  it { is_expected.to run.with_params('plain', secret, 'ci-build').and_raise_error(ArgumentError, /Sensitive/) }
  it { is_expected.to run.with_params(sensitive("a\0b"), secret, 'ci-build').and_raise_error(Puppet::Error, /511/) }
  it { is_expected.to run.with_params(sensitive('x'), sensitive('short'), 'ci-build').and_raise_error(Puppet::Error, /16/) }
  it { is_expected.to run.with_params(sensitive('x'), secret, 'a:b').and_raise_error(ArgumentError) }
end

describe 'docker_registry_ha::compact' do
  it 'leaves out what is undefined or empty at any level, and keeps false and empty text' do
    is_expected.to run.with_params({ 'a' => nil, 'b' => { 'c' => nil }, 'd' => { 'e' => false, 'f' => '' }, 'g' => {} })
                      .and_return({ 'd' => { 'e' => false, 'f' => '' } })
  end
end

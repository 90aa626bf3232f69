#include "support/test_certificates.h"

#include <openssl/pem.h>

#include <random>
#include <stdexcept>

#include "base/files.h"

namespace rha::test {
namespace {

using net::CertificatePtr;
using net::PrivateKeyPtr;

void require(bool good, const char* what) {
  if (!good) {
    throw std::runtime_error(std::string("test certificate: ") + what + ": " + net::takeOpensslError());
  }
}

PrivateKeyPtr makeKey(int rsaBits) {
  PrivateKeyPtr key(rsaBits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsaBits)) : EVP_EC_gen("P-256"));
  require(key != nullptr, "key");
  return key;
}

void addExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr, "extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

CertificatePtr makeCertificate(EVP_PKEY* key, const std::string& commonName, const CertificateWish& wish) {
  CertificatePtr made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), std::random_device()());
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.validFrom.count());
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.validUntil.count());
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(commonName.c_str()), -1, -1, 0);
  return made;
}

std::string textOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string toPem(X509* certificate) {
  const net::BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return textOf(bio.get());
}

std::string toPem(EVP_PKEY* key) {
  const net::BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return textOf(bio.get());
}

}  // namespace

TestAuthority::TestAuthority() : key_(makeKey(0)) {
  certificate_ = makeCertificate(key_.get(), "Test Authority", {});
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  addExtension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "signature");
}

net::CertificateFiles TestAuthority::write(const std::filesystem::path& folder, const std::string& name,
                                           const CertificateWish& wish) const {
  const PrivateKeyPtr key = makeKey(wish.rsaBits);
  const CertificatePtr made = makeCertificate(key.get(), wish.names.empty() ? "nobody" : wish.names.front(), wish);
  X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  if (!wish.onlyCommonName && !wish.names.empty()) {
    std::string alternatives;
    for (const std::string& each : wish.names) {
      alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + each;
    }
    addExtension(made.get(), certificate_.get(), NID_subject_alt_name, alternatives);
  }
  require(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0, "signature");
  const net::CertificateFiles files{.certificate = (folder / (name + ".crt")).string(),
                                    .key = (folder / (name + ".key")).string()};
  base::writeFileAtomically(files.certificate, toPem(made.get()), base::Durability::Relaxed);
  base::writeFileAtomically(files.key, toPem(key.get()), base::Durability::Relaxed, 0600);
  return files;
}

std::string TestAuthority::pem() const { return toPem(certificate_.get()); }

}  // namespace rha::test

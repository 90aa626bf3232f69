#include "net/tls_certificate.h"

#include <openssl/pem.h>

#include <ctime>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "base/secret.h"
#include "base/text.h"

namespace rha::net {
namespace {

constexpr std::uint64_t kLargestFile = 1024 * 1024;

base::Result<base::Secret, std::string> readPem(const std::string& path) {
  try {
    if (auto text = base::readFile(path, kLargestFile)) {
      return base::Secret(*std::move(text));
    }
    return base::fail(path + ": there is no such file");
  } catch (const base::IoError& error) {
    return base::fail(path + ": cannot be read: " + error.code().message());
  } catch (const std::length_error&) {
    return base::fail(path + ": is larger than 1 MiB; this cannot be a PEM file");
  }
}

BioPtr memoryBio(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::vector<CertificatePtr> readChain(std::string_view pem) {
  std::vector<CertificatePtr> chain;
  const BioPtr bio = memoryBio(pem);
  while (CertificatePtr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    chain.push_back(std::move(next));
  }
  return chain;
}

// Instead of asking at the terminal; notes that it was asked for.
int refusePassword(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

base::Result<PrivateKeyPtr, std::string> readKey(const std::string& path) {
  const auto pem = readPem(path);
  if (!pem) {
    return base::fail(pem.error());
  }
  bool encrypted = false;
  PrivateKeyPtr key(PEM_read_bio_PrivateKey(memoryBio(pem->reveal()).get(), nullptr, refusePassword, &encrypted));
  if (!key) {
    ERR_clear_error();
    return base::fail(path + (encrypted ? ": the private key is encrypted; give it without a passphrase"
                                        : ": holds no private key in PEM"));
  }
  return key;
}

base::WallTime toTime(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return base::WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string textOf(const ASN1_STRING* value) {
  const auto* const data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(value));
  return base::toLower(std::string_view(data, static_cast<std::size_t>(ASN1_STRING_length(value))));
}

std::vector<std::string> namesOf(X509* certificate) {
  std::vector<std::string> names;
  using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
  const NamesPtr alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) {
      names.push_back(textOf(name->d.dNSName));
    }
  }
  if (alternatives) {
    return names;
  }
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) {
    names.push_back(textOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  }
  return names;
}

}  // namespace

base::Result<Certificate, std::string> loadCertificate(const CertificateFiles& files) {
  const auto pem = readPem(files.certificate);
  if (!pem) {
    return base::fail(pem.error());
  }
  Certificate loaded;
  loaded.chain = readChain(pem->reveal());
  ERR_clear_error();
  if (loaded.chain.empty()) {
    return base::fail(files.certificate + ": holds no certificate in PEM");
  }
  auto key = readKey(files.key);
  if (!key) {
    return base::fail(key.error());
  }
  loaded.key = *std::move(key);
  X509* const own = loaded.chain.front().get();
  if (X509_check_private_key(own, loaded.key.get()) != 1) {
    ERR_clear_error();
    return base::fail(files.key + ": is not the key of the first certificate in " + files.certificate);
  }
  loaded.info = {.files = files,
                 .names = namesOf(own),
                 .notBefore = toTime(X509_get0_notBefore(own)),
                 .notAfter = toTime(X509_get0_notAfter(own))};
  return loaded;
}

bool nameMatches(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) {
    return pattern == name;
  }
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

}  // namespace rha::net

#include "registry/jws_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdexcept>
#include <vector>

#include "base/hasher.h"
#include "base/text.h"

namespace rha::registry {
namespace {

constexpr int kNumberBytes = 32;  // of a coordinate, and of each half of a signature

struct FreeBignum {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void require(bool condition, const char* what) {
  if (!condition) {
    throw std::runtime_error(std::string("OpenSSL cannot ") + what);
  }
}

std::string toBytes(const BIGNUM* number) {
  std::string bytes(kNumberBytes, '\0');
  require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kNumberBytes) == kNumberBytes,
          "write a P-256 number");
  return bytes;
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &number) == 1, "read a P-256 public key");
  const std::unique_ptr<BIGNUM, FreeBignum> owner(number);
  return base::toBase64Url(toBytes(number));
}

// RFC 4648 section 6, for whole groups of 5 bytes.
std::string toBase32(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += kAlphabet[(bits >> count) & 31U];
    }
  }
  return text;
}

// libtrust's name of a key: 240 bits of the SHA-256 of its DER form, in base 32, four characters at a time.
std::string keyIdentifier(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  require(length > 0, "encode a public key");
  const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  const auto digest = base::fromHex(base::hashHex(base::HashAlgorithm::Sha256, bytes)).value();
  const auto text = toBase32(std::string_view(digest).substr(0, 30));
  std::string identifier;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    identifier += i == 0 ? "" : ":";
    identifier += text.substr(i, 4);
  }
  return identifier;
}

}  // namespace

void JwsKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

JwsKey::JwsKey(Key key) : key_(std::move(key)) {
  publicJwk_ = R"({"crv":"P-256","kid":")" + keyIdentifier(key_.get()) + R"(","kty":"EC","x":")" +
               coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X) + R"(","y":")" +
               coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y) + "\"}";
}

JwsKey JwsKey::generate() {
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr, "make a P-256 key");
  return JwsKey(std::move(key));
}

std::string JwsKey::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  require(context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1,
          "begin a signature");
  std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  std::vector<unsigned char> der(length);
  require(EVP_DigestSign(context.get(), der.data(), &length, reinterpret_cast<const unsigned char*>(message.data()),
                         message.size()) == 1,
          "sign");
  const unsigned char* position = der.data();
  const std::unique_ptr<ECDSA_SIG, FreeSignature> signature(
      d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(length)));
  require(signature != nullptr, "decode its own signature");
  return toBytes(ECDSA_SIG_get0_r(signature.get())) + toBytes(ECDSA_SIG_get0_s(signature.get()));
}

}  // namespace rha::registry

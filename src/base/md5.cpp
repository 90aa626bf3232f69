#include "base/md5.h"

#include <openssl/evp.h>

#include <array>
#include <new>

#include "base/text.h"

namespace rha::base {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context makeContext() {
  Context context(EVP_MD_CTX_new());
  if (!context) {
    throw std::bad_alloc();
  }
  return context;
}

}  // namespace

struct Md5::Impl {
  Context context = makeContext();
};

Md5::Md5() : impl_(std::make_unique<Impl>()) {
  if (EVP_DigestInit_ex(impl_->context.get(), EVP_md5(), nullptr) != 1) {
    throw std::bad_alloc();  // what else could be missing
  }
}
Md5::~Md5() = default;
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;

void Md5::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size());
}

std::string Md5::hex() const {
  const Context copy = makeContext();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_MD_CTX_copy_ex(copy.get(), impl_->context.get());
  EVP_DigestFinal_ex(copy.get(), digest.data(), &size);
  return toHex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string md5Hex(std::string_view bytes) {
  Md5 md5;
  md5.update(std::as_bytes(std::span(bytes)));
  return md5.hex();
}

}  // namespace rha::base

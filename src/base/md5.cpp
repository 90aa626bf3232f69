// The low-level MD5 functions are deprecated in OpenSSL 3, but the only ones whose state is open (see md5.h).
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/md5.h"

#include <openssl/md5.h>

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <utility>

#include "base/md5_steps.h"
#include "base/text.h"

namespace rha::base {
namespace {

template <std::size_t... kSteps>
[[gnu::always_inline]] inline void allSteps(md5::Words& one, const std::byte* first, md5::Words& other,
                                            const std::byte* second, std::index_sequence<kSteps...> /*steps*/) {
  ((md5::step<kSteps>(one, first), md5::step<kSteps>(other, second)), ...);
}

}  // namespace

struct Md5::Impl {
  MD5_CTX context;
};

Md5::Md5() : impl_(std::make_unique<Impl>()) { MD5_Init(&impl_->context); }
Md5::~Md5() = default;
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;

void Md5::update(std::span<const std::byte> bytes) { MD5_Update(&impl_->context, bytes.data(), bytes.size()); }

void Md5::updateBoth(Md5& one, std::span<const std::byte> first, Md5& other, std::span<const std::byte> second) {
  assert(first.size() == second.size());
  std::size_t done = 0;
  // Within a block there is nothing to be gained.
  if (one.wordsAtBlock() && other.wordsAtBlock()) {
    Words left = *one.wordsAtBlock();
    Words right = *other.wordsAtBlock();
    for (; first.size() - done >= kBlockBytes; done += kBlockBytes) {
      const Words leftBefore = left;
      const Words rightBefore = right;
      allSteps(left, first.data() + done, right, second.data() + done, std::make_index_sequence<64>());
      md5::add(left, leftBefore);
      md5::add(right, rightBefore);
    }
    one.advance(left, done);
    other.advance(right, done);
  }
  one.update(first.subspan(done));
  other.update(second.subspan(done));
}

std::optional<Md5::Words> Md5::wordsAtBlock() const {
  const MD5_CTX& context = impl_->context;
  if (std::endian::native != std::endian::little || context.num != 0) {
    return std::nullopt;
  }
  return Words{context.A, context.B, context.C, context.D};
}

void Md5::advance(const Words& words, std::size_t count) {
  MD5_CTX& context = impl_->context;
  context.A = words[0];
  context.B = words[1];
  context.C = words[2];
  context.D = words[3];
  const std::uint64_t bits = ((std::uint64_t{context.Nh} << 32U) | context.Nl) + (std::uint64_t{count} << 3U);
  context.Nl = static_cast<MD5_LONG>(bits);
  context.Nh = static_cast<MD5_LONG>(bits >> 32U);
}

std::string Md5::hex() const {
  MD5_CTX copy = impl_->context;
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest{};
  MD5_Final(digest.data(), &copy);
  return toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string md5Hex(std::string_view bytes) {
  Md5 md5;
  md5.update(std::as_bytes(std::span(bytes)));
  return md5.hex();
}

}  // namespace rha::base

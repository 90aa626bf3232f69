// The low-level SHA functions are deprecated in OpenSSL 3, but the only ones whose state can be saved (see hasher.h).
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/hasher.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <variant>

#include "base/text.h"

namespace rha::base {
namespace {

// Saved state, version 1; numbers are big-endian:
//
//   "RHAH" | version 1 | algorithm 1 | count 8 | chaining value 32 or 64 | unhashed rest of the block 64 or 128
//
// The rest is count modulo the block size bytes long and filled up with zero bytes, so there is one text per state.
constexpr std::string_view kMagic = "RHAH";
constexpr char kVersion = 1;
constexpr std::size_t kHeaderSize = 4 + 1 + 1 + 8;

struct Sha256 {
  static constexpr HashAlgorithm kAlgorithm = HashAlgorithm::Sha256;
  static constexpr char kTag = 1;
  static constexpr std::size_t kBlockSize = SHA256_CBLOCK;
  static constexpr std::size_t kDigestSize = SHA256_DIGEST_LENGTH;
  static constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << 61) - 1;  // the algorithm counts 2^64 bits

  SHA256_CTX context;

  void init() { SHA256_Init(&context); }
  void update(const void* data, std::size_t size) { SHA256_Update(&context, data, size); }
  void final(unsigned char* out) { SHA256_Final(out, &context); }
  [[nodiscard]] const unsigned char* block() const { return reinterpret_cast<const unsigned char*>(context.data); }
  void restore(std::uint64_t count, const char* block) {
    const std::uint64_t bits = count << 3;
    context.Nl = static_cast<SHA_LONG>(bits & 0xffffffffU);
    context.Nh = static_cast<SHA_LONG>(bits >> 32);
    context.num = static_cast<unsigned>(count % kBlockSize);
    std::copy_n(block, kBlockSize, reinterpret_cast<char*>(context.data));
  }
};

struct Sha512 {
  static constexpr HashAlgorithm kAlgorithm = HashAlgorithm::Sha512;
  static constexpr char kTag = 2;
  static constexpr std::size_t kBlockSize = SHA512_CBLOCK;
  static constexpr std::size_t kDigestSize = SHA512_DIGEST_LENGTH;
  static constexpr std::uint64_t kMaxCount = ~std::uint64_t{0};

  SHA512_CTX context;

  void init() { SHA512_Init(&context); }
  void update(const void* data, std::size_t size) { SHA512_Update(&context, data, size); }
  void final(unsigned char* out) { SHA512_Final(out, &context); }
  [[nodiscard]] const unsigned char* block() const { return context.u.p; }
  void restore(std::uint64_t count, const char* block) {
    context.Nl = count << 3;
    context.Nh = count >> 61;
    context.num = static_cast<unsigned>(count % kBlockSize);
    std::copy_n(block, kBlockSize, reinterpret_cast<char*>(context.u.p));
  }
};

void appendBigEndian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i > 0; --i) {
    out += static_cast<char>((value >> (8 * (i - 1))) & 0xffU);
  }
}

std::uint64_t readBigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) {
    value = (value << 8) | static_cast<unsigned char>(byte);
  }
  return value;
}

template <typename Sha>
std::string saveState(const Sha& sha, std::uint64_t count) {
  std::string out(kMagic);
  out += kVersion;
  out += Sha::kTag;
  appendBigEndian(out, count, 8);
  for (const auto word : sha.context.h) {
    appendBigEndian(out, word, sizeof word);
  }
  const auto used = static_cast<std::size_t>(count % Sha::kBlockSize);
  out.append(reinterpret_cast<const char*>(sha.block()), used);
  out.append(Sha::kBlockSize - used, '\0');
  return out;
}

template <typename Sha>
std::optional<Sha> loadState(std::string_view state, std::uint64_t count) {
  Sha sha{};
  sha.init();
  const std::size_t wordSize = sizeof sha.context.h[0];
  if (state.size() != kHeaderSize + 8 * wordSize + Sha::kBlockSize || count > Sha::kMaxCount) {
    return std::nullopt;
  }
  state.remove_prefix(kHeaderSize);
  for (auto& word : sha.context.h) {
    word = static_cast<std::remove_reference_t<decltype(word)>>(readBigEndian(state.substr(0, wordSize)));
    state.remove_prefix(wordSize);
  }
  const std::string_view filling = state.substr(static_cast<std::size_t>(count % Sha::kBlockSize));
  if (std::any_of(filling.begin(), filling.end(), [](char byte) { return byte != '\0'; })) {
    return std::nullopt;
  }
  sha.restore(count, state.data());
  return sha;
}

}  // namespace

struct Hasher::Impl {
  std::variant<Sha256, Sha512> sha;
  std::uint64_t count = 0;
};

Hasher::Hasher(HashAlgorithm algorithm) : impl_(std::make_unique<Impl>()) {
  if (algorithm == HashAlgorithm::Sha512) {
    impl_->sha.emplace<Sha512>();
  }
  std::visit([](auto& sha) { sha.init(); }, impl_->sha);
}

Hasher::Hasher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hasher::Hasher(const Hasher& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
Hasher& Hasher::operator=(const Hasher& other) {
  if (this != &other) {
    impl_ = std::make_unique<Impl>(*other.impl_);
  }
  return *this;
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

HashAlgorithm Hasher::algorithm() const {
  return std::visit([](const auto& sha) { return sha.kAlgorithm; }, impl_->sha);
}

std::uint64_t Hasher::count() const { return impl_->count; }

void Hasher::update(std::span<const std::byte> bytes) {
  std::visit([&](auto& sha) { sha.update(bytes.data(), bytes.size()); }, impl_->sha);
  impl_->count += bytes.size();
}

void Hasher::update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }

std::string Hasher::hex() const {
  return std::visit(
      [](auto sha) {
        std::array<unsigned char, sha.kDigestSize> digest{};
        sha.final(digest.data());
        return toHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
      },
      impl_->sha);
}

std::optional<Hasher::Sha256Words> Hasher::sha256WordsAtBlock() const {
  const auto* sha = std::get_if<Sha256>(&impl_->sha);
  if (sha == nullptr || sha->context.num != 0) {
    return std::nullopt;
  }
  Sha256Words words{};
  std::copy_n(sha->context.h, words.size(), words.begin());
  return words;
}

void Hasher::advanceSha256(const Sha256Words& words, std::size_t count) {
  auto& sha = std::get<Sha256>(impl_->sha);
  impl_->count += count;
  std::copy(words.begin(), words.end(), sha.context.h);
  sha.restore(impl_->count, std::array<char, Sha256::kBlockSize>{}.data());
}

std::string Hasher::state() const {
  return std::visit([this](const auto& sha) { return saveState(sha, impl_->count); }, impl_->sha);
}

std::optional<Hasher> Hasher::fromState(std::string_view state) {
  if (state.size() < kHeaderSize || !state.starts_with(kMagic) || state[4] != kVersion) {
    return std::nullopt;
  }
  auto impl = std::make_unique<Impl>();
  impl->count = readBigEndian(state.substr(6, 8));
  const auto load = [&]<typename Sha>(Sha) {
    auto sha = loadState<Sha>(state, impl->count);
    if (sha) {
      impl->sha = *sha;
    }
    return sha.has_value();
  };
  const char tag = state[5];
  const bool loaded = tag == Sha256::kTag ? load(Sha256{}) : tag == Sha512::kTag && load(Sha512{});
  if (!loaded) {
    return std::nullopt;
  }
  return Hasher(std::move(impl));
}

std::string hashHex(HashAlgorithm algorithm, std::string_view bytes) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.hex();
}

}  // namespace rha::base

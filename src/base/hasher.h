// Hasher: streaming SHA-256 or SHA-512 whose state can be saved and restored, so that an upload may be continued by
// another request, process or host (architecture, decision 5).
//
// Built on OpenSSL's low-level SHA functions: the EVP interface of OpenSSL 3.0 cannot export its state. They are
// deprecated, hence confined to hasher.cpp; a unit test compares them with EVP.
// A value: copyable (a copy continues on its own), not synchronised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rha::base {

enum class HashAlgorithm : std::uint8_t { Sha256, Sha512 };

class Hasher final {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  Hasher(const Hasher& other);
  Hasher& operator=(const Hasher& other);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  [[nodiscard]] HashAlgorithm algorithm() const;
  // Bytes hashed so far.
  [[nodiscard]] std::uint64_t count() const;
  void update(std::span<const std::byte> bytes);
  void update(std::string_view bytes);
  // Lower-case hex digest of everything so far. Does not end the stream: more may be added afterwards.
  [[nodiscard]] std::string hex() const;

  // For hash_together.cpp, as those of Md5: nullopt within a block, and for SHA-512.
  using Sha256Words = std::array<std::uint32_t, 8>;
  [[nodiscard]] std::optional<Sha256Words> sha256WordsAtBlock() const;
  void advanceSha256(const Sha256Words& words, std::size_t count);

  // The state as opaque bytes (about 110 for SHA-256, 210 for SHA-512), the same on every machine.
  [[nodiscard]] std::string state() const;
  // The reverse of state(); nullopt if `state` is not one that state() makes.
  static std::optional<Hasher> fromState(std::string_view state);

 private:
  struct Impl;
  explicit Hasher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Hex digest of `bytes` in one call.
std::string hashHex(HashAlgorithm algorithm, std::string_view bytes);

}  // namespace rha::base

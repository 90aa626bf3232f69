#include "base/hasher.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <random>
#include <string>

#include "base/text.h"

namespace rha::base {
namespace {

const std::array kAlgorithms = {HashAlgorithm::Sha256, HashAlgorithm::Sha512};

std::size_t blockSize(HashAlgorithm algorithm) { return algorithm == HashAlgorithm::Sha256 ? 64 : 128; }

std::string evpHex(HashAlgorithm algorithm, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned length = 0;
  const EVP_MD* type = algorithm == HashAlgorithm::Sha256 ? EVP_sha256() : EVP_sha512();
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, type, nullptr), 1);
  return toHex({reinterpret_cast<const char*>(out.data()), length});
}

std::string noise(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string bytes(size, '\0');
  for (auto& c : bytes) {
    c = static_cast<char>(random());
  }
  return bytes;
}

TEST(Hasher, KnowsTheTestVectorsOfTheStandard) {
  EXPECT_EQ(hashHex(HashAlgorithm::Sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hashHex(HashAlgorithm::Sha512, "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
            "454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(hashHex(HashAlgorithm::Sha256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hasher, AgreesWithEvpHoweverTheBytesAreCut) {
  std::mt19937 random(7);
  for (const auto algorithm : kAlgorithms) {
    for (int round = 0; round < 200; ++round) {
      const std::string bytes = noise(random() % 2000);
      Hasher hasher(algorithm);
      std::string_view rest = bytes;
      while (!rest.empty()) {
        const std::size_t count = std::min<std::size_t>(rest.size(), random() % 300);
        hasher.update(rest.substr(0, count));
        rest.remove_prefix(count);
      }
      ASSERT_EQ(hasher.hex(), evpHex(algorithm, bytes));
      ASSERT_EQ(hasher.count(), bytes.size());
    }
  }
}

TEST(Hasher, GoesOnAfterItsStateWasSavedAtAnyOffsetInABlock) {
  for (const auto algorithm : kAlgorithms) {
    const std::string bytes = noise(4 * blockSize(algorithm));
    for (std::size_t cut = 0; cut <= 2 * blockSize(algorithm); ++cut) {
      Hasher first(algorithm);
      first.update(std::string_view(bytes).substr(0, cut));
      const std::string state = first.state();
      auto second = Hasher::fromState(state);
      ASSERT_TRUE(second) << cut;
      EXPECT_EQ(second->state(), state);
      EXPECT_EQ(second->count(), cut);
      EXPECT_EQ(second->algorithm(), algorithm);
      second->update(std::string_view(bytes).substr(cut));
      ASSERT_EQ(second->hex(), evpHex(algorithm, bytes)) << cut;
    }
  }
}

TEST(Hasher, KeepsCountsBeyondFourGigabytesInItsState) {
  Hasher hasher(HashAlgorithm::Sha256);
  std::string state = hasher.state();
  state[8] = 1;  // count = 2^40, a multiple of the block size
  const auto restored = Hasher::fromState(state);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->count(), std::uint64_t{1} << 40);
  EXPECT_EQ(restored->state(), state);
}

TEST(Hasher, WritesTheSameStateOnEveryMachine) {
  Hasher hasher(HashAlgorithm::Sha256);
  hasher.update("abc");
  EXPECT_EQ(toHex(hasher.state()),
            "52484148"
            "01"
            "01"
            "0000000000000003"
            "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19"
            "616263" +
                std::string(2 * 61, '0'));
}

TEST(Hasher, RefusesStatesItDidNotMake) {
  Hasher hasher(HashAlgorithm::Sha512);
  hasher.update("abc");
  const std::string good = hasher.state();
  EXPECT_FALSE(Hasher::fromState(""));
  EXPECT_FALSE(Hasher::fromState("RHAH"));
  EXPECT_FALSE(Hasher::fromState(good + '\0'));
  EXPECT_FALSE(Hasher::fromState(good.substr(0, good.size() - 1)));
  const auto broken = [&](std::size_t at, char value) {
    std::string state = good;
    state[at] = value;
    return Hasher::fromState(state);
  };
  EXPECT_FALSE(broken(0, 'X'));                // magic
  EXPECT_FALSE(broken(4, 2));                  // version
  EXPECT_FALSE(broken(5, 1));                  // algorithm of another length
  EXPECT_FALSE(broken(5, 3));                  // unknown algorithm
  EXPECT_FALSE(broken(good.size() - 1, 'x'));  // bytes behind the rest of the block
  EXPECT_FALSE(broken(13, 1));                 // count says 1, the rest is 3 bytes long
  std::string huge = Hasher(HashAlgorithm::Sha256).state();
  huge[6] = '\x20';  // 2^61 bytes are more than SHA-256 can count
  EXPECT_FALSE(Hasher::fromState(huge));
}

TEST(Hasher, GivesTheDigestWithoutEndingTheStream) {
  Hasher hasher(HashAlgorithm::Sha256);
  hasher.update("a");
  EXPECT_EQ(hasher.hex(), hashHex(HashAlgorithm::Sha256, "a"));
  hasher.update("b");
  EXPECT_EQ(hasher.hex(), hashHex(HashAlgorithm::Sha256, "ab"));
}

TEST(Hasher, IsCopiedByValue) {
  Hasher one(HashAlgorithm::Sha256);
  one.update("a");
  Hasher two = one;
  two.update("b");
  EXPECT_EQ(one.hex(), hashHex(HashAlgorithm::Sha256, "a"));
  one = two;
  one.update("c");
  EXPECT_EQ(one.hex(), hashHex(HashAlgorithm::Sha256, "abc"));
  EXPECT_EQ(two.hex(), hashHex(HashAlgorithm::Sha256, "ab"));
}

}  // namespace
}  // namespace rha::base

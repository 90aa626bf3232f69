#include "base/body_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <stdexcept>

#include "base/file_source.h"
#include "support/temporary_folder.h"

namespace rha::base {
namespace {

std::shared_ptr<const std::string> bytes() { return std::make_shared<const std::string>("0123456789"); }

TEST(MemorySource, YieldsItsBytesPieceByPiece) {
  const auto source = memorySource(bytes(), 2, 5);
  EXPECT_EQ(source->size(), 5U);
  EXPECT_EQ(source->memory(), "23456");
  EXPECT_FALSE(source->file());
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(source->read(buffer), 3U);
  EXPECT_EQ(static_cast<char>(buffer[2]), '4');
  EXPECT_EQ(source->read(buffer), 2U);
  EXPECT_EQ(source->read(buffer), 0U);
  EXPECT_EQ(source->size(), 5U);
}

TEST(MemorySource, RefusesARangeBeyondTheEnd) {
  EXPECT_THROW(memorySource(bytes(), 11, 0), std::out_of_range);
  EXPECT_THROW(memorySource(bytes(), 5, 6), std::out_of_range);
  EXPECT_THROW(memorySource(bytes(), 5, ~std::uint64_t{0}), std::out_of_range);
  EXPECT_EQ(memorySource(bytes(), 10, 0)->size(), 0U);
}

TEST(FileSource, YieldsItsRunAndTellsOfAFileThatEndsBeforeIt) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file";
  std::ofstream(path) << "0123456789";
  const auto open = [&](std::uint64_t offset, std::uint64_t length) {
    return FileSource(Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), offset, length,
                      [](int error) { throw std::runtime_error("fault " + std::to_string(error)); });
  };
  FileSource source = open(2, 5);
  EXPECT_EQ(source.size(), 5U);
  EXPECT_EQ(source.file()->offset, 2U);
  EXPECT_EQ(source.file()->length, 5U);
  EXPECT_EQ(readAll(source, 5), "23456");
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(source.read(buffer), 0U);
  FileSource cut = open(8, 3);
  EXPECT_EQ(cut.read(buffer), 2U);
  EXPECT_THROW(cut.read(buffer), std::runtime_error);
}

TEST(ReadAll, ReadsToTheEndUpToItsLimit) {
  EXPECT_EQ(readAll(*memorySource(bytes()), 10), "0123456789");
  EXPECT_EQ(readAll(*memorySource(bytes(), 0, 0), 0), "");
  EXPECT_THROW(readAll(*memorySource(bytes()), 9), std::length_error);
}

}  // namespace
}  // namespace rha::base

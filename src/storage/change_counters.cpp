#include "storage/change_counters.h"

#include <sys/mman.h>

#include "base/error.h"

namespace rha::storage {
namespace {

constexpr std::size_t kCounters = ChangeCounters::kFileBytes / sizeof(ChangeCounters::Counter);

}  // namespace

void ChangeCounters::Unmap::operator()(Counter* counters) const { ::munmap(counters, kFileBytes); }

// The memory is zero at first, which is what counters begin with.
std::unique_ptr<ChangeCounters::Counter[], ChangeCounters::Unmap> ChangeCounters::map(int file) {
  const int flags = MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0);
  void* memory = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, flags, file, 0);
  if (memory == MAP_FAILED) {
    base::throwErrno("cannot map the counters of changes", "");
  }
  return std::unique_ptr<Counter[], Unmap>(static_cast<Counter*>(memory));
}

ChangeCounters::ChangeCounters() : counters_(map(-1)) {}

ChangeCounters::ChangeCounters(base::Fd file) : file_(std::move(file)), counters_(map(file_.get())) {}

// `ended` first: a change that begins in between shows in `begun`.
std::optional<ChangeCounters::Stamp> ChangeCounters::quiet(std::string_view path) const {
  const Counter& counter = counters_.get()[slot(path)];
  const std::uint64_t ended = counter.ended.load();
  const std::uint64_t begun = counter.begun.load();
  return ended == begun ? std::optional(Stamp{&counter, begun}) : std::nullopt;
}

// FNV-1a: not std::hash, which another version of the library may compute otherwise.
std::size_t ChangeCounters::slot(std::string_view path) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char character : path) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  }
  return static_cast<std::size_t>((hash ^ (hash >> 32)) % kCounters);
}

}  // namespace rha::storage

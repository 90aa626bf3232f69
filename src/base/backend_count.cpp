#include "base/backend_count.h"

namespace rha::base {
namespace {

// What this thread works for; a thread has no other way to hand it through code that must not know of it.
thread_local BackendCount* current = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

}  // namespace

BackendScope::BackendScope(BackendCount& count) noexcept { current = &count; }

BackendScope::~BackendScope() { current = nullptr; }

void countBackendRequest() noexcept {
  if (current != nullptr) {
    current->add();
  }
}

}  // namespace rha::base

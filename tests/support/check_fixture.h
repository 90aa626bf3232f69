// CheckFixture: what the tests of StorageCheck share: a ledger, a progress, the hooks, and a run with them.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>

#include "index/check_ledger.h"
#include "registry/index_builder.h"
#include "registry/storage_check.h"
#include "support/registry_under_test.h"

namespace rha::test {

class CheckFixture : public testing::Test {
 protected:
  void newLedger(RegistryUnderTest& registry) {
    ledger_ = index::CheckLedger::create(registry.folder.path() / "fsck.sqlite");
  }

  // A check of `storages` with the other parts of `registry`; false if it was stopped. Precondition: there is a ledger.
  bool runCheck(RegistryUnderTest& registry, const registry::Storages& storages,
                const registry::CheckOptions& options) {
    registry::IndexBuilder builder(storages, registry.logger, RegistryUnderTest::kManifestBytes);
    registry::StorageCheck check({storages, *registry.index, registry.blobs, registry.journal, registry.uploads,
                                  registry.turns, builder, registry.clock, RegistryUnderTest::kManifestBytes},
                                 *ledger_,
                                 {.stop = stop_,
                                  .pace = [](std::uint64_t) {},
                                  .wait = [this](std::chrono::milliseconds) { onWait_(); },
                                  .mayWrite = [this] { return mayWrite_; },
                                  .found = [](const registry::CheckFinding&) {}},
                                 progress_);
    return check.run(options);
  }

  std::unique_ptr<index::CheckLedger> ledger_;
  registry::CheckProgress progress_;
  std::atomic<bool> stop_ = false;
  bool mayWrite_ = true;
  std::function<void()> onWait_ = [] {};
};

}  // namespace rha::test

#include "registry/upload_slots.h"

#include <utility>

#include "storage/storage_error.h"

namespace rha::registry {
namespace {

// A request of another process may need a moment to notice that its client has gone.
constexpr std::chrono::milliseconds kPatience{1000};

}  // namespace

UploadSlots::Lease::Lease(std::shared_ptr<Slot> slot, std::uint64_t number) : slot_(std::move(slot)), number_(number) {}

UploadSlots::Lease::~Lease() {
  if (!slot_) {
    return;
  }
  const std::lock_guard lock(slot_->mutex);
  if (slot_->holder == number_) {
    slot_->holder = 0;
    slot_->save = nullptr;
  }
  if (--slot_->living == 0) {
    slot_->claim = {};
  }
}

UploadSlots::Turn UploadSlots::Lease::enter() const {
  std::unique_lock lock(slot_->mutex);
  const bool mine = slot_->holder == number_;
  return {std::move(lock), mine};
}

void UploadSlots::Lease::onTakeOver(std::function<void()> save) const {
  const std::lock_guard lock(slot_->mutex);
  if (slot_->holder == number_) {
    slot_->save = std::move(save);
  }
}

void UploadSlots::Lease::giveUp(const Turn& turn) const {
  if (turn) {
    slot_->holder = 0;
    slot_->save = nullptr;
  }
}

UploadSlots::Lease UploadSlots::take(const std::string& id) {
  std::shared_ptr<Slot> slot;
  {
    auto table = table_.lock();
    std::erase_if(*table, [](const auto& row) { return row.second.expired(); });
    auto& known = (*table)[id];
    slot = known.lock();
    if (!slot) {
      slot = std::make_shared<Slot>();
      known = slot;
    }
  }
  std::unique_lock lock(slot->mutex);
  if (locks_ != nullptr && !slot->claim) {
    auto claim = locks_->waitFor(ProcessLocks::placeOf(id), kPatience);
    if (!claim) {
      throw storage::StorageError(storage::StorageFailure::Unavailable,
                                  "the upload " + id + " is being written to through the process that was replaced");
    }
    slot->claim = *std::move(claim);
  }
  if (slot->save) {
    std::exchange(slot->save, nullptr)();
  }
  slot->holder = ++slot->leases;
  ++slot->living;
  const std::uint64_t number = slot->holder;
  lock.unlock();
  return {std::move(slot), number};
}

bool UploadSlots::held(const std::string& id) {
  {
    auto table = table_.lock();
    const auto known = table->find(id);
    if (known != table->end() && !known->second.expired()) {
      return true;
    }
  }
  return locks_ != nullptr && locks_->heldElsewhere(ProcessLocks::placeOf(id));
}

std::uint64_t UploadSlots::active() {
  std::uint64_t count = 0;
  for (const auto& row : *table_.lock()) {
    count += row.second.expired() ? 0 : 1;
  }
  return count;
}

}  // namespace rha::registry

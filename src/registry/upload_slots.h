// UploadSlots: at most one writer per upload. A new request for an upload that has a writer takes it over: the old
// writer is told to save what it has, and finds itself without its upload at its next step.
//
// With ProcessLocks an upload has one writer among the processes, too; one of another process is not told to save: it
// is waited for a second. Thread-safe. A lease's turn is held across storage I/O: that is its purpose; only request
// threads take it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/lock_guarded.h"
#include "registry/process_locks.h"

namespace rha::registry {

class UploadSlots final {
 private:
  struct Slot;
  using Table = base::LockGuarded<std::map<std::string, std::weak_ptr<Slot>>>;

 public:
  // A turn at an upload: while it lives, nobody takes the upload over. False when somebody already has.
  class Turn final {
   public:
    Turn(std::unique_lock<std::mutex> lock, bool mine) : lock_(std::move(lock)), mine_(mine) {}
    explicit operator bool() const { return mine_; }

   private:
    std::unique_lock<std::mutex> lock_;
    bool mine_;
  };

  // The right to an upload, until it is destroyed or the upload is taken over. Move-only.
  class Lease final {
   public:
    Lease(std::shared_ptr<Slot> slot, std::uint64_t number);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = delete;
    ~Lease();

    [[nodiscard]] Turn enter() const;
    // What to do when somebody takes the upload over; called on that somebody's thread, within a turn.
    void onTakeOver(std::function<void()> save) const;
    // Ends the lease within a turn of its own: what is done to the upload afterwards is nobody's business.
    void giveUp(const Turn& turn) const;

   private:
    std::shared_ptr<Slot> slot_;  // shared with the table and with later leases
    std::uint64_t number_;
  };

  // `locks` is borrowed; null: this process is the only one.
  explicit UploadSlots(const ProcessLocks* locks = nullptr) : locks_(locks) {}
  ~UploadSlots() = default;
  UploadSlots(const UploadSlots&) = delete;
  UploadSlots& operator=(const UploadSlots&) = delete;

  // Takes the upload, from its present holder if there is one. Waits for a step of that holder to end. Throws
  // storage::StorageError (Unavailable) if another process has it and does not let go.
  Lease take(const std::string& id);
  // Whether some request has the upload now, here or in another process.
  [[nodiscard]] bool held(const std::string& id);
  [[nodiscard]] std::uint64_t active();

 private:
  struct Slot {
    std::mutex mutex;
    std::uint64_t holder = 0;    // number of the lease that has the upload; 0: nobody
    std::uint64_t leases = 0;    // numbers given out
    std::uint64_t living = 0;    // leases that have not ended
    std::function<void()> save;  // of the holder
    ProcessLocks::Held claim;    // of this process, while leases live; given back before the slot is forgotten, so that
                                 // it is never taken twice
  };
  const ProcessLocks* locks_;
  Table table_;
};

}  // namespace rha::registry

// FlakyDriver: a StorageDriver that hands everything to another one, counts, and fails where a test says so.
//
//   FlakyDriver flaky(memory);
//   flaky.fail({.operation = Operation::Put, .pathPart = "/tags/", .count = 2});
//
// A fault lies Before the operation (it does not happen) or After it (it happened, but the caller sees a failure, as
// with an answer lost on the way). cancel() of an upload never throws, so a fault there only keeps it from happening.
// Borrows the inner driver. Thread-safe as that one is; upload sessions and sources must not outlive this object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/lock_guarded.h"
#include "storage/storage_driver.h"

namespace rha::test {

enum class Operation : std::uint8_t {
  Get,
  Open,
  Read,  // of a source that open() gave, by its path
  Stat,
  Examine,
  Put,
  Remove,
  RemoveTree,
  List,
  StartUpload,
  ResumeUpload,
  Append,    // this and the following: by the upload's path,
  Flush,     //
  ReadBack,  //
  Commit,    // but this by the final path
  Cancel,
  Check,
};
inline constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::Check) + 1;

enum class FaultTime : std::uint8_t { Before, After };

struct Fault {
  Operation operation = Operation::Get;
  std::string pathPart = {};  // where the path contains this; empty: anywhere
  unsigned count = 1;         // this often
  FaultTime time = FaultTime::Before;
  storage::StorageFailure failure = storage::StorageFailure::Unavailable;
  unsigned skip = 0;  // after letting so many pass
};

class FlakyDriver final : public storage::StorageDriver {
 public:
  // Called before each operation, on its thread, without a lock held: to hold one up, or to do something meanwhile.
  using Observer = std::function<void(Operation, std::string_view path)>;

  explicit FlakyDriver(storage::StorageDriver& inner) : inner_(inner) {}

  void fail(Fault fault) { state_.lock()->faults.push_back(std::move(fault)); }
  // Forgets all faults; counters and the observer stay.
  void heal() { state_.lock()->faults.clear(); }
  void observe(Observer observer) { state_.lock()->observer = std::move(observer); }

  // Calls so far, failed ones included.
  [[nodiscard]] std::uint64_t calls(Operation operation) {
    return state_.lock()->calls[static_cast<std::size_t>(operation)];
  }
  [[nodiscard]] std::uint64_t calls() {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : state_.lock()->calls) {
      sum += count;
    }
    return sum;
  }

  [[nodiscard]] std::string_view name() const override { return inner_.name(); }
  [[nodiscard]] storage::DriverTraits traits() const override { return inner_.traits(); }

  std::optional<std::string> get(std::string_view path, std::uint64_t maxBytes) override {
    return run(Operation::Get, path, [&] { return inner_.get(path, maxBytes); });
  }
  std::unique_ptr<base::BodySource> open(std::string_view path, std::optional<storage::ByteRange> range) override {
    auto source = run(Operation::Open, path, [&] { return inner_.open(path, range); });
    return source ? std::make_unique<Source>(*this, path, std::move(source)) : nullptr;
  }
  std::optional<storage::ObjectInfo> stat(std::string_view path) override {
    return run(Operation::Stat, path, [&] { return inner_.stat(path); });
  }
  std::optional<storage::ObjectInfo> examine(std::string_view path) override {
    return run(Operation::Examine, path, [&] { return inner_.examine(path); });
  }
  void put(std::string_view path, std::string_view bytes, storage::Durability durability) override {
    run(Operation::Put, path, [&] { inner_.put(path, bytes, durability); });
  }
  bool remove(std::string_view path) override {
    return run(Operation::Remove, path, [&] { return inner_.remove(path); });
  }
  std::uint64_t removeTree(std::string_view path) override {
    return run(Operation::RemoveTree, path, [&] { return inner_.removeTree(path); });
  }
  void list(std::string_view path, const std::function<bool(const storage::ListEntry&)>& visit) override {
    run(Operation::List, path, [&] { inner_.list(path, visit); });
  }
  std::unique_ptr<storage::UploadSession> startUpload(std::string_view path) override {
    auto session = run(Operation::StartUpload, path, [&] { return inner_.startUpload(path); });
    return std::make_unique<Session>(*this, path, std::move(session));
  }
  std::unique_ptr<storage::UploadSession> resumeUpload(std::string_view path, std::string_view state) override {
    auto session = run(Operation::ResumeUpload, path, [&] { return inner_.resumeUpload(path, state); });
    return session ? std::make_unique<Session>(*this, path, std::move(session)) : nullptr;
  }
  void check() override {
    run(Operation::Check, "", [&] { inner_.check(); });
  }

 private:
  class Source final : public base::BodySource {
   public:
    Source(FlakyDriver& driver, std::string_view path, std::unique_ptr<base::BodySource> inner)
        : driver_(driver), path_(path), inner_(std::move(inner)) {}
    [[nodiscard]] std::uint64_t size() const override { return inner_->size(); }
    // Neither file() nor memory(): all bytes come through read(), where they can fail.
    std::size_t read(std::span<std::byte> buffer) override {
      return driver_.run(Operation::Read, path_, [&] { return inner_->read(buffer); });
    }

   private:
    FlakyDriver& driver_;
    std::string path_;
    std::unique_ptr<base::BodySource> inner_;
  };

  class Session final : public storage::UploadSession {
   public:
    Session(FlakyDriver& driver, std::string_view path, std::unique_ptr<storage::UploadSession> inner)
        : driver_(driver), path_(path), inner_(std::move(inner)) {}
    void append(std::span<const std::byte> bytes) override {
      driver_.run(Operation::Append, path_, [&] { inner_->append(bytes); });
    }
    [[nodiscard]] std::uint64_t size() const override { return inner_->size(); }
    void flush() override {
      driver_.run(Operation::Flush, path_, [&] { inner_->flush(); });
    }
    [[nodiscard]] std::string state() const override { return inner_->state(); }
    std::unique_ptr<base::BodySource> readBack() override {
      auto source = driver_.run(Operation::ReadBack, path_, [&] { return inner_->readBack(); });
      return std::make_unique<Source>(driver_, path_, std::move(source));
    }
    void commit(std::string_view path) override {
      driver_.run(Operation::Commit, path, [&] { inner_->commit(path); });
    }
    void cancel() noexcept override {
      try {
        driver_.run(Operation::Cancel, path_, [&] { inner_->cancel(); });
      } catch (const storage::StorageError&) {
        return;
      }
    }

   private:
    FlakyDriver& driver_;
    std::string path_;
    std::unique_ptr<storage::UploadSession> inner_;
  };

  struct State {
    std::vector<Fault> faults;
    std::array<std::uint64_t, kOperations> calls{};
    Observer observer;
  };

  // The fault that strikes this call, used up by one.
  std::optional<Fault> strike(Operation operation, std::string_view path) {
    auto state = state_.lock();
    ++state->calls[static_cast<std::size_t>(operation)];
    for (Fault& fault : state->faults) {
      if (fault.operation != operation || fault.count == 0 || path.find(fault.pathPart) == std::string_view::npos) {
        continue;
      }
      if (fault.skip > 0) {
        --fault.skip;
        continue;
      }
      --fault.count;
      return fault;
    }
    return std::nullopt;
  }

  [[noreturn]] static void strikeDown(const Fault& fault, std::string_view path) {
    throw storage::StorageError(fault.failure, "flaky: injected failure at \"" + std::string(path) + "\"");
  }

  template <typename Call>
  auto run(Operation operation, std::string_view path, const Call& call) -> decltype(call()) {
    if (const Observer observer = state_.lock()->observer) {
      observer(operation, path);
    }
    const auto fault = strike(operation, path);
    if (fault && fault->time == FaultTime::Before) {
      strikeDown(*fault, path);
    }
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      if (fault) {
        strikeDown(*fault, path);
      }
    } else {
      auto result = call();
      if (fault) {
        strikeDown(*fault, path);
      }
      return result;
    }
  }

  storage::StorageDriver& inner_;
  base::LockGuarded<State> state_;
};

}  // namespace rha::test

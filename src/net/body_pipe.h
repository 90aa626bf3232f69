// BodyPipe: two buffers between the thread that fills a body and the one that empties it, so that the next buffer is
// received while the last is hashed and written (or read while the last is sent).
//
//   Free ──beginFill──> Filling ──endFill──> Ready ──beginDrain──> Draining ──endDrain──> Free
//                          ^─────reclaim───────┘  (the filler tops up a buffer nobody took yet)
//
// One filler, one drainer; the calls are made under the lock that guards the pipe, the bytes of a slot in Filling or
// Draining belong to its thread and are touched without it. With one buffer only the two take turns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "net/body_budget.h"

namespace rha::net {

struct BodySlot {
  enum class State : std::uint8_t { Free, Filling, Ready, Draining };
  BodyBuffer buffer;
  std::size_t begin = 0;
  std::size_t end = 0;
  State state = State::Free;

  [[nodiscard]] std::span<std::byte> space() { return buffer.span().subspan(end); }
  [[nodiscard]] std::span<std::byte> content() { return buffer.span().subspan(begin, end - begin); }
};

class BodyPipe final {
 public:
  // The slot to fill, or null: no buffer, or both are in use.
  BodySlot* beginFill() {
    BodySlot& slot = slots_[fill_];
    BodySlot& other = slots_[1 - fill_];
    if (slot.state == BodySlot::State::Free) {
      if (!slot.buffer.valid() && other.state == BodySlot::State::Free) {
        std::swap(slot.buffer, other.buffer);
      }
      if (slot.buffer.valid()) {
        slot.state = BodySlot::State::Filling;
        return &slot;
      }
    }
    return reclaim();
  }
  // An empty slot becomes free again.
  void endFill(BodySlot& slot) {
    const bool filled = slot.end > slot.begin;
    slot.state = filled ? BodySlot::State::Ready : BodySlot::State::Free;
    fill_ = filled ? 1 - fill_ : fill_;
  }
  [[nodiscard]] bool ready() const { return slots_[drain_].state == BodySlot::State::Ready; }
  // The oldest filled slot, or null.
  BodySlot* beginDrain() {
    if (!ready()) {
      return nullptr;
    }
    slots_[drain_].state = BodySlot::State::Draining;
    return &slots_[drain_];
  }
  void endDrain(BodySlot& slot) {
    slot.begin = slot.end = 0;
    slot.state = BodySlot::State::Free;
    drain_ = 1 - drain_;
  }

  // Takes `buffer` in where none is. Precondition: buffers() < 2.
  void addBuffer(BodyBuffer buffer) {
    BodySlot& slot = slots_[fill_].buffer.valid() ? slots_[1 - fill_] : slots_[fill_];
    slot.buffer = std::move(buffer);
  }
  [[nodiscard]] int buffers() const { return (slots_[0].buffer.valid() ? 1 : 0) + (slots_[1].buffer.valid() ? 1 : 0); }
  // Gives the buffers of free slots away.
  void takeFree(std::array<BodyBuffer, 2>& out) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].state == BodySlot::State::Free) {
        out[i] = std::move(slots_[i].buffer);
      }
    }
  }
  void takeAll(std::array<BodyBuffer, 2>& out) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      out[i] = std::move(slots_[i].buffer);
    }
  }

 private:
  BodySlot* reclaim() {
    BodySlot& last = slots_[1 - fill_];
    if (last.state != BodySlot::State::Ready || last.end == last.buffer.size()) {
      return nullptr;
    }
    last.state = BodySlot::State::Filling;
    fill_ = 1 - fill_;
    return &last;
  }

  std::array<BodySlot, 2> slots_;
  std::size_t fill_ = 0;   // next to be filled
  std::size_t drain_ = 0;  // next to be emptied
};

}  // namespace rha::net

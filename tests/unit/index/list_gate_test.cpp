#include "index/list_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "index/index.h"

namespace {

using namespace std::chrono_literals;
using rha::index::IndexError;
using rha::index::ListGate;

TEST(ListGate, ListsAreRefusedUntilItIsOpen) {
  ListGate gate(0ms);
  EXPECT_THROW(gate.pass(), IndexError);
  gate.open();
  EXPECT_NO_THROW(gate.pass());
}

TEST(ListGate, AListThatComesEarlyWaits) {
  ListGate gate(1h);
  auto early = std::async(std::launch::async, [&] { gate.pass(); });
  EXPECT_EQ(early.wait_for(20ms), std::future_status::timeout);
  gate.open();
  EXPECT_NO_THROW(early.get());
}

TEST(ListGate, OnlyAFewMayWait) {
  ListGate gate(1h);
  std::vector<std::future<bool>> lists;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 12; ++i) {
    lists.push_back(std::async(std::launch::async, [&] {
      try {
        gate.pass();
        return true;
      } catch (const IndexError&) {
        ++refused;
        return false;
      }
    }));
  }
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (refused < 4 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  gate.open();
  EXPECT_EQ(std::count_if(lists.begin(), lists.end(), [](auto& list) { return list.get(); }), 8);
}

}  // namespace

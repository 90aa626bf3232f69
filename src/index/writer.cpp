#include "index/writer.h"

#include <pthread.h>

#include <exception>
#include <utility>

namespace rha::index {
namespace {

// Most work in one transaction: bounds what is done again when one of them fails.
constexpr std::size_t kLargestBatch = 256;

void rollBack(Connection& connection) noexcept {
  if (connection.inTransaction()) {
    // A failure here leaves no transaction either: SQLite rolls back by itself on the errors that matter.
    sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace

void Writer::start(Connection connection) {
  queue_.lock()->open = true;
  thread_ = std::thread([this, own = std::move(connection)]() mutable { serve(std::move(own)); });
}

void Writer::stop() noexcept {
  queue_.lock()->open = false;
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Writer::run(const Work& work) { submit(work, Kind::Shared); }

void Writer::runAlone(const Work& work) { submit(work, Kind::Alone); }

void Writer::submit(const Work& work, Kind kind) {
  auto job = std::make_unique<Job>(work, kind);
  auto done = job->done.get_future();
  {
    auto queue = queue_.lock();
    if (!queue->open) {
      throw IndexError("index: closed, nothing can be written");
    }
    queue->jobs.push_back(std::move(job));
  }
  changed_.notify_one();
  done.get();
}

// The jobs of the next transaction, in the order they came; none when all is done and the queue closed.
Writer::Batch Writer::take() {
  auto queue = queue_.lock();
  changed_.wait(queue.native(), [&queue] { return !queue->jobs.empty() || !queue->open; });
  Batch batch;
  while (!queue->jobs.empty() && batch.size() < kLargestBatch) {
    const bool alone = queue->jobs.front()->kind == Kind::Alone;
    if (alone && !batch.empty()) {
      break;
    }
    batch.push_back(std::move(queue->jobs.front()));
    queue->jobs.pop_front();
    if (alone) {
      break;
    }
  }
  return batch;
}

void Writer::serve(Connection connection) {
  pthread_setname_np(pthread_self(), "index-write");
  for (auto batch = take(); !batch.empty(); batch = take()) {
    runJobs(connection, batch);
  }
}

void Writer::commitTogether(Connection& connection, std::span<const std::unique_ptr<Job>> batch) {
  if (batch.front()->kind == Kind::Alone) {
    batch.front()->work(connection);
    return;
  }
  // IMMEDIATE: waits for another process here, where nothing has been done yet.
  connection.execute("BEGIN IMMEDIATE");
  for (const auto& job : batch) {
    job->work(connection);
  }
  connection.execute("COMMIT");
}

void Writer::runJobs(Connection& connection, std::span<const std::unique_ptr<Job>> batch) {
  // Top of the thread: whatever was thrown is handed to the caller that waits for it.
  try {
    commitTogether(connection, batch);
  } catch (...) {
    const bool begun = connection.inTransaction();
    rollBack(connection);
    if (batch.size() > 1 && begun) {
      for (std::size_t i = 0; i < batch.size(); ++i) {
        runJobs(connection, batch.subspan(i, 1));
      }
      return;
    }
    // Alone, or it could not even begin (locked by another process): the next would fare no better.
    for (const auto& job : batch) {
      job->done.set_exception(std::current_exception());
    }
    return;
  }
  for (const auto& job : batch) {
    job->done.set_value();
  }
}

}  // namespace rha::index

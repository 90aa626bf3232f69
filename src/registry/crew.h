// Crew: a few threads for work that is mostly waiting for a storage, such as many small reads.
//
// give() hands a task to a thread that is free; so few wait in line that a producer is slowed to what is done. A task
// that throws ends the work: those in line are dropped, and the first exception comes out of finish(), or of the give()
// before. A crew of no threads does each task within give(), as if it were written there.
// One thread gives and finishes. Tasks must not use the crew they run in. The destructor drops what waits in line.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rha::registry {

class Crew final {
 public:
  // Is told which thread it runs on, from 0 up (0 in a crew of none).
  using Task = std::function<void(unsigned worker)>;

  explicit Crew(unsigned threads);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  void give(Task task);
  // Waits for the end of all that was given. Then more may be given.
  void finish();
  // Does `work` for 0 to count - 1, in any order, and waits for the end of all.
  void each(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  void serve(unsigned worker);
  void rethrow(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable toDo_;  // a task is in line, or the end
  std::condition_variable done_;  // a task has left the line, or has ended
  std::deque<Task> line_;
  std::size_t running_ = 0;
  bool ending_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace rha::registry

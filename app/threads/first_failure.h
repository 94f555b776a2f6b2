// The first failure of any thread of a process, and the wait of the main thread for it.
//   Owner:  set(): any thread; wait(): the main thread. A lock, cold.
//   Errors: none of its own.
#pragma once

#include <mutex>
#include <optional>

#include "replay/result.h"  // Error

namespace bourse {

class FirstFailure {
 public:
  FirstFailure();
  ~FirstFailure();
  FirstFailure(const FirstFailure&) = delete;
  FirstFailure& operator=(const FirstFailure&) = delete;

  // Wakes wait(). Those after the first are forgotten.
  void set(Error error);
  // Blocks until `signal_fd` is readable or something has failed, and returns that failure.
  std::optional<Error> wait(int signal_fd);

 private:
  std::mutex mutex_;
  std::optional<Error> failure_;
  int wake_fd_;
};

}  // namespace bourse

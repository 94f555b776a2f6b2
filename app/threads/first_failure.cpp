#include "app/threads/first_failure.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace bourse {

FirstFailure::FirstFailure() : wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
FirstFailure::~FirstFailure() { ::close(wake_fd_); }

void FirstFailure::set(Error error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(error);
  const std::uint64_t one = 1;
  if (::write(wake_fd_, &one, sizeof one) < 0) spdlog::error("cannot wake the main thread");
}

std::optional<Error> FirstFailure::wait(int signal_fd) {
  pollfd events[2] = {{signal_fd, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace bourse

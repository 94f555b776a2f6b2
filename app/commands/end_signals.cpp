#include "app/commands/end_signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace bourse {
namespace {

sigset_t heard() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

EndSignals::EndSignals() {
  const sigset_t signals = heard();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
}
EndSignals::~EndSignals() { ::close(fd_); }

bool EndSignals::is_asked_to_end() {
  pollfd event{fd_, POLLIN, 0};
  if (::poll(&event, 1, 0) <= 0) return false;
  signalfd_siginfo signal{};
  return ::read(fd_, &signal, sizeof signal) == sizeof signal && signal.ssi_signo != SIGHUP;
}

std::optional<Error> EndSignals::wait_for_end(const std::function<std::optional<Error>(int)>& wait,
                                              const std::function<void()>& on_hangup) {
  std::optional<Error> failure;
  while (!(failure = wait(fd_))) {
    signalfd_siginfo signal{};
    if (::read(fd_, &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo != SIGHUP) break;
    on_hangup();
  }
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  const sigset_t signals = heard();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return failure;
}

}  // namespace bourse

#include "app/terminal/interrupt_guard.h"

#include <csignal>

namespace bourse {
namespace {

volatile std::sig_atomic_t interrupted = 0;  // written by the handler, read by the main thread

void on_interrupt(int) { interrupted = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  before_ = std::signal(SIGINT, on_interrupt);
}

InterruptGuard::~InterruptGuard() { std::signal(SIGINT, before_); }

bool InterruptGuard::is_interrupted() { return interrupted != 0; }

}  // namespace bourse

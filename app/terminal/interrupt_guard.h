// Ctrl-C as a wish: while a guard lives, SIGINT is noted instead of ending the process.
//   Shape:   one guard at a time.
//   Owner:   the main thread.
//   Errors:  none.
#pragma once

namespace bourse {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // Since the last guard began.
  static bool is_interrupted();

 private:
  void (*before_)(int);
};

}  // namespace bourse

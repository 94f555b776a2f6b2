// The signals that a server hears: SIGINT and SIGTERM end it, SIGHUP has it read its secrets again.
//   Shape:  made before any other thread, which all inherit the mask: a signal reaches the
//           descriptor and nothing else. A broken connection (SIGPIPE) is no signal.
//   Owner:  the main thread.
//   Errors: none.
#pragma once

#include <functional>
#include <optional>

#include "replay/result.h"  // Error

namespace bourse {

class EndSignals {
 public:
  EndSignals();
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // Whether a signal to end has come: it is taken then. One to reload says nothing here.
  bool is_asked_to_end();
  // Until a signal asks for the end or `wait` of the descriptor returns a failure. From then on a
  // second signal ends the process at once.
  std::optional<Error> wait_for_end(const std::function<std::optional<Error>(int)>& wait,
                                    const std::function<void()>& on_hangup);

 private:
  int fd_;
};

}  // namespace bourse

// Connections by the hundred, one handshake and upgrade after the other as fast as they are taken,
// by a process of its own; all stay open until the last one has come.
//   Units:  seconds.
//   Owner:  one thread; the child is killed if it is still there at the end.
//   Errors: finish(): a connection that was refused, or tickets that were not taken.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "replay/result.h"  // Result

namespace bourse {

class HandshakeStorm {
 public:
  // Begins. `is_resumed`: each resumes the TLS session of a connection before.
  HandshakeStorm(std::uint16_t port, std::uint32_t count, bool is_resumed = false);
  ~HandshakeStorm();
  HandshakeStorm(const HandshakeStorm&) = delete;
  HandshakeStorm& operator=(const HandshakeStorm&) = delete;

  // Waits for the last one. How long all of them took together.
  Result<double> finish();

 private:
  pid_t pid_;
  int result_;  // a pipe
};

}  // namespace bourse

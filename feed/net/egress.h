// The way out: encrypts for a block of sessions first and sends for all of them afterwards.
//   Shape:  add() is phase 1, one TLS record of at most 16 KiB for one session into a shared arena;
//           a full block, or flush(), is phase 2, one send() per session. Encrypting and sending in
//           turns would cost a third more: the kernel's way out evicts the cipher's code.
//           Records are cut where a frame ends; control bytes go only between two frames.
//   Owner:  one io thread.
//   Errors: none; each session hears of its fate by Session::on_sent().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "feed/net/session.h"   // Session
#include "feed/net/tls_wire.h"  // TlsWire, CipherText

namespace bourse {

class Egress {
 public:
  static constexpr std::size_t block_sessions_max = 8;

  Egress();

  // Offers what the socket did not take before. False: it is still full, and the session tells
  // when it is writable; or it is gone.
  bool resume(Session& session);
  // Takes the next bytes that are due to the session. True: there are more, call again next turn.
  // REQUIRES: nothing pending; at most once for each session between two flushes.
  bool add(Session& session);
  void flush();

  std::uint64_t records() const { return records_; }
  std::uint64_t plain_bytes() const { return plain_bytes_; }

 private:
  struct Part {
    Session* session;
    std::size_t begin;  // of its ciphertext in the arena
    std::size_t end;
  };

  bool encrypt(Session& session, std::span<const std::byte> plain);

  CipherText arena_;
  std::array<Part, block_sessions_max> parts_{};
  std::size_t parts_count_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t plain_bytes_ = 0;
};

}  // namespace bourse

// One TLS connection over a non-blocking socket, driven by calls and never waiting.
//   Shape:  while the handshake lasts OpenSSL writes to the socket itself; from then on what it
//           writes is captured, so that one thread can encrypt for many connections first and send
//           afterwards (egress.h). Ciphertext that the socket did not take is kept here, at most
//           one block of records. Control bytes are what the protocol layer itself says (the HTTP
//           answer, pongs, the close frame): plain, they wait for the next frame boundary.
//   Units:  bytes; nanoseconds of the steady clock.
//   Owner:  one io thread. The socket belongs to the caller and must outlive this.
//   Errors: Step::failed with error() to read; every later call fails too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "feed/net/certificate.h"  // TlsContext

struct ssl_st;

namespace bourse {

// Grows, never shrinks by itself, does not initialise what it grows by.
class CipherText {
 public:
  void append(std::span<const std::byte> bytes);
  void consume(std::size_t bytes);  // from the front; gives memory back when nothing is left
  void clear() { begin_ = end_ = 0; }
  void reserve(std::size_t bytes);
  std::span<const std::byte> bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

class TlsWire {
 public:
  enum class Role : std::uint8_t { server = 1, client = 2 };
  enum class Step : std::uint8_t {
    done = 1,
    want_read = 2,   // call again when the socket is readable
    want_write = 3,  // call again when it is writable
    ended = 4,       // the peer has said good-bye, or just gone
    failed = 5,
    plain_http = 6,  // handshake(): the peer speaks HTTP without TLS
  };
  enum class Sent : std::uint8_t { all = 1, blocked = 2, failed = 3 };

  static constexpr std::size_t record_bytes_max = 16 << 10;  // of plain text in one TLS record

  TlsWire(const TlsContext& context, int fd, Role role);
  ~TlsWire();
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;

  Step handshake();
  // Reads what there is, at most `into`; done = `bytes` > 0.
  Step read(std::span<std::byte> into, std::size_t& bytes);

  // Phase 1: appends one record with `plain` to `into`. False: the connection has failed.
  // REQUIRES: handshake done, no pending(), plain.size() in 1..record_bytes_max.
  bool encrypt(std::span<const std::byte> plain, CipherText& into);
  // Phase 2: offers `cipher` to the socket; the remainder becomes pending. REQUIRES: no pending().
  Sent send(std::span<const std::byte> cipher);
  // Offers what is pending to the socket.
  Sent flush();
  // Says good-bye: the close alert and the end of the stream, as far as the socket takes them.
  void say_goodbye();

  void queue_control(std::span<const std::byte> plain);
  std::string& control() { return control_; }
  const std::string& control() const { return control_; }

  bool pending() const { return !pending_.empty(); }
  std::size_t pending_bytes() const { return pending_.size(); }
  bool blocked() const { return blocked_; }  // the last send was not taken whole
  bool failed() const { return failed_; }
  bool open() const { return open_; }  // handshake done
  std::int64_t last_heard_ns() const { return last_heard_ns_; }
  void heard(std::int64_t now_ns) { last_heard_ns_ = now_ns; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  // Of those, what the peer's side has acknowledged; one system call. Grows as he reads.
  std::uint64_t taken_bytes() const;
  const std::string& error() const { return error_; }
  // The common name in the certificate of the peer, if it has shown one and it was found good.
  std::string peer_name() const;
  int fd() const { return fd_; }
  ssl_st* native() const { return ssl_.get(); }

 private:
  struct SslFree {
    void operator()(ssl_st* ssl) const;
  };
  friend struct CaptureBio;

  Step step_of(int returned);
  void start_capture();

  std::unique_ptr<ssl_st, SslFree> ssl_;
  CipherText* capture_into_;  // where OpenSSL's output goes now: pending_, or an arena in phase 1
  CipherText pending_;
  std::string control_;
  std::int64_t last_heard_ns_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::string error_;
  int fd_;
  bool blocked_ = false;
  bool failed_ = false;
  bool open_ = false;
};

}  // namespace bourse

// One websocket connection of a load client: costs the client little, so that thousands fit on one
// thread beside the server.
//   Shape:  connects, shakes hands and upgrades at once (waiting, unless told not to); from then on
//           it never waits: the caller's epoll says when take() has something. Pings are answered.
//           What is put is sent as one: many messages share a TLS record.
//   Units:  bytes.
//   Owner:  one thread.
//   Errors: is_sound() false: refused, cut, or something that is no websocket frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "feed/net/outbox.h"    // WsOpcode
#include "feed/net/tls_wire.h"  // TlsWire

struct ssl_session_st;

namespace bourse {

class LoadConnection {
 public:
  struct Options {
    int receive_bytes = 0;               // of the kernel's buffer; 0: its own way
    ssl_session_st* session = nullptr;   // to resume
    std::uint32_t address = 0x7f000001;  // IPv4, in host order
    bool waits = true;                   // false: take() goes on with the handshake; see is_open()
  };
  // `subprotocol` empty: none is asked for.
  LoadConnection(const TlsContext& context, std::uint16_t port, const std::string& path,
                 const std::string& subprotocol, const Options& options);
  LoadConnection(const TlsContext& context, std::uint16_t port, const std::string& path,
                 const std::string& subprotocol)
      : LoadConnection(context, port, path, subprotocol, Options()) {}
  ~LoadConnection();
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;

  int fd() const { return fd_; }
  bool is_sound() const { return is_sound_; }
  // How it has ended, if the server has ended it; empty: otherwise.
  const std::string& end() const { return end_; }
  bool is_open() const { return is_open_; }  // upgraded: messages may be sent
  bool was_resumed() const;
  ssl_session_st* session() const;  // of this connection; the caller frees it
  void give_up() { is_sound_ = false; }
  bool send(WsOpcode opcode, std::span<const std::byte> payload) {
    put(opcode, payload);
    return flush();
  }
  void put(WsOpcode opcode, std::span<const std::byte> payload);
  bool flush();

  // Every whole message that has come: each(opcode, payload).
  void take(auto&& each) {
    if (!is_open_ && !advance()) return;
    while (is_sound_ && read_some()) {
      Message message{};
      while (is_sound_ && next(message)) each(message.opcode, message.payload);
      forget();
    }
  }
  // As take(), after waiting until something has come. False: nothing came in time.
  bool wait_and_take(int patience_ms, auto&& each) {
    const bool has_come = held_ > read_ || wait_readable(patience_ms);
    if (has_come) take(each);
    return has_come;
  }

 private:
  struct Message {
    WsOpcode opcode;
    std::span<const std::byte> payload;
  };

  bool wait_readable(int patience_ms) const;
  bool advance();
  bool ask_for_upgrade();
  bool hear_of_upgrade();
  bool read_some();
  bool next(Message& message);
  void forget();  // what was parsed

  int fd_;
  bool is_sound_ = false;
  bool has_asked_ = false;  // the handshake is done
  bool is_open_ = false;
  bool has_left_over_ = false;  // messages that came with the answer to the upgrade
  std::string request_;
  std::string end_;
  std::unique_ptr<TlsWire> wire_;
  std::vector<std::byte> put_;  // not sent yet
  std::vector<std::byte> buffer_;
  std::size_t read_ = 0;  // parsed
  std::size_t held_ = 0;  // filled
};

}  // namespace bourse

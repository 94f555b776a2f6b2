#include "bench/load/load_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

namespace bourse {
namespace {

constexpr int patience_ms = 20'000;
constexpr std::size_t record_bytes = TlsWire::record_bytes_max;
constexpr std::byte masked{0x80};
constexpr std::size_t mask_bytes = 4;

}  // namespace

LoadConnection::LoadConnection(const TlsContext& context, std::uint16_t port,
                               const std::string& path, const std::string& subprotocol,
                               const Options& options)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), buffer_(record_bytes) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (options.receive_bytes > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_bytes, sizeof options.receive_bytes);
  is_sound_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  wire_ = std::make_unique<TlsWire>(context, fd_, TlsWire::Role::client);
  if (options.session != nullptr) SSL_set_session(wire_->native(), options.session);
  is_sound_ = is_sound_ && shake_hands() && upgrade(path, subprotocol);
}

LoadConnection::~LoadConnection() {
  wire_.reset();
  ::close(fd_);
}

bool LoadConnection::was_resumed() const { return SSL_session_reused(wire_->native()) == 1; }

ssl_session_st* LoadConnection::session() const { return SSL_get1_session(wire_->native()); }

bool LoadConnection::wait_readable(int patience) const {
  pollfd one{fd_, POLLIN, 0};
  return ::poll(&one, 1, patience) == 1;
}

bool LoadConnection::shake_hands() {
  for (;;) {
    const auto step = wire_->handshake();
    if (step == TlsWire::Step::done) return true;
    if (step != TlsWire::Step::want_read || !wait_readable(patience_ms)) return false;
  }
}

bool LoadConnection::upgrade(const std::string& path, const std::string& subprotocol) {
  std::string request = "GET " + path +
                        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!subprotocol.empty()) request += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
  request += "\r\n";
  CipherText cipher;
  if (!wire_->encrypt(std::as_bytes(std::span(request)), cipher)) return false;
  if (wire_->send(cipher.bytes(), 1) != TlsWire::Sent::all) return false;
  for (;;) {
    const std::string_view got(reinterpret_cast<const char*>(buffer_.data()), held_);
    if (const auto end = got.find("\r\n\r\n"); end != std::string_view::npos) {
      read_ = end + 4;
      has_left_over_ = held_ > read_;
      return got.starts_with("HTTP/1.1 101");
    }
    std::size_t bytes = 0;
    const auto step = wire_->read(std::span(buffer_).subspan(held_), bytes);
    if (step == TlsWire::Step::done)
      held_ += bytes;
    else if (step != TlsWire::Step::want_read || !wait_readable(patience_ms))
      return false;
  }
}

bool LoadConnection::send(WsOpcode opcode, std::span<const std::byte> payload) {
  // The mask is zero: it is there for proxies, and here is none.
  std::vector<std::byte> frame(ws_header_bytes_max + mask_bytes + payload.size());
  const std::size_t header = write_ws_header(opcode, payload.size(), frame.data());
  frame[1] |= masked;
  if (!payload.empty())
    std::memcpy(frame.data() + header + mask_bytes, payload.data(), payload.size());
  CipherText cipher;
  is_sound_ =
      is_sound_ &&
      wire_->encrypt(std::span(frame).first(header + mask_bytes + payload.size()), cipher) &&
      wire_->send(cipher.bytes(), 1) == TlsWire::Sent::all;
  return is_sound_;
}

bool LoadConnection::read_some() {
  if (has_left_over_) {
    has_left_over_ = false;
    return true;
  }
  if (buffer_.size() - held_ < record_bytes) buffer_.resize(held_ + record_bytes);
  std::size_t bytes = 0;
  const auto step = wire_->read(std::span(buffer_).subspan(held_), bytes);
  if (step != TlsWire::Step::done) {
    is_sound_ = is_sound_ && step == TlsWire::Step::want_read;
    return false;
  }
  held_ += bytes;
  return true;
}

bool LoadConnection::next(Message& message) {
  const std::byte* const at = buffer_.data() + read_;
  const std::size_t left = held_ - read_;
  if (left < 2) return false;
  const auto length = std::to_integer<unsigned>(at[1]);
  if (left < (length < 126 ? 2u : length == 126 ? 4u : 10u)) return false;
  const std::size_t header = ws_header_bytes(at);
  const std::size_t whole = ws_frame_bytes(at);
  if (left < whole) return false;
  read_ += whole;
  message.opcode = static_cast<WsOpcode>(std::to_integer<unsigned>(at[0]) & 0x0f);
  message.payload = {at + header, whole - header};
  if (message.opcode == WsOpcode::ping) {
    const std::vector<std::byte> payload(message.payload.begin(), message.payload.end());
    send(WsOpcode::pong, payload);
  } else if (message.opcode == WsOpcode::close) {
    is_sound_ = false;
  }
  return true;
}

void LoadConnection::forget() {
  held_ -= read_;
  std::memmove(buffer_.data(), buffer_.data() + read_, held_);
  read_ = 0;
}

}  // namespace bourse

#include "bench/load/load_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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
  request_ = "GET " + path +
             " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!subprotocol.empty()) request_ += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n";
  request_ += "\r\n";
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(options.address);
  if (options.receive_bytes > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_bytes, sizeof options.receive_bytes);
  is_sound_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  wire_ = std::make_unique<TlsWire>(context, fd_, TlsWire::Role::client);
  if (options.session != nullptr) SSL_set_session(wire_->native(), options.session);
  while (!advance() && is_sound_ && options.waits) is_sound_ = wait_readable(patience_ms);
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

// False: something has to come first, or it has failed.
bool LoadConnection::advance() {
  if (!is_sound_) return false;
  if (!has_asked_) {
    const auto step = wire_->handshake();
    if (step != TlsWire::Step::done) {
      is_sound_ = step == TlsWire::Step::want_read;
      return false;
    }
    has_asked_ = is_sound_ = ask_for_upgrade();
  }
  is_open_ = is_sound_ && hear_of_upgrade();
  return is_open_;
}

bool LoadConnection::ask_for_upgrade() {
  CipherText cipher;
  return wire_->encrypt(std::as_bytes(std::span(request_)), cipher) &&
         wire_->send(cipher.bytes()) == TlsWire::Sent::all;
}

bool LoadConnection::hear_of_upgrade() {
  for (;;) {
    const std::string_view got(reinterpret_cast<const char*>(buffer_.data()), held_);
    if (const auto end = got.find("\r\n\r\n"); end != std::string_view::npos) {
      read_ = end + 4;
      has_left_over_ = held_ > read_;
      is_sound_ = got.starts_with("HTTP/1.1 101");
      return is_sound_;
    }
    std::size_t bytes = 0;
    const auto step = wire_->read(std::span(buffer_).subspan(held_), bytes);
    if (step == TlsWire::Step::done)
      held_ += bytes;
    else {
      is_sound_ = step == TlsWire::Step::want_read;
      return false;
    }
  }
}

void LoadConnection::put(WsOpcode opcode, std::span<const std::byte> payload) {
  // The mask is zero: it is there for proxies, and here is none.
  const std::size_t begin = put_.size();
  put_.resize(begin + ws_header_bytes_max + mask_bytes + payload.size());
  std::byte* const frame = put_.data() + begin;
  const std::size_t header = write_ws_header(opcode, payload.size(), frame);
  frame[1] |= masked;
  std::memset(frame + header, 0, mask_bytes);
  if (!payload.empty()) std::memcpy(frame + header + mask_bytes, payload.data(), payload.size());
  put_.resize(begin + header + mask_bytes + payload.size());
}

bool LoadConnection::flush() {
  CipherText cipher;
  for (std::size_t at = 0; is_sound_ && at < put_.size(); at += record_bytes) {
    const std::size_t bytes = std::min(record_bytes, put_.size() - at);
    is_sound_ = wire_->encrypt(std::span(put_).subspan(at, bytes), cipher);
  }
  is_sound_ = is_sound_ && (cipher.empty() || wire_->send(cipher.bytes()) == TlsWire::Sent::all);
  put_.clear();
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
    if (is_sound_ && step != TlsWire::Step::want_read) {
      is_sound_ = false;
      end_ = wire_->error().empty() ? "the stream has ended" : wire_->error();
    }
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
    end_ = "closed";
    if (message.payload.size() >= 2) {
      const unsigned code = std::to_integer<unsigned>(message.payload[0]) << 8 |
                            std::to_integer<unsigned>(message.payload[1]);
      const auto reason = message.payload.subspan(2);
      end_ += " by " + std::to_string(code) + ' ' +
              std::string(reinterpret_cast<const char*>(reason.data()), reason.size());
    }
  }
  return true;
}

void LoadConnection::forget() {
  held_ -= read_;
  std::memmove(buffer_.data(), buffer_.data() + read_, held_);
  read_ = 0;
}

}  // namespace bourse

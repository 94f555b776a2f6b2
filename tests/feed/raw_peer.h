// A client that says any bytes it likes over TLS, and reads or does not read as it likes.
//   Owner: the test's thread. All calls wait, at most a few seconds, and say false then.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "feed/net/tls_wire.h"  // TlsWire

namespace bourse {

class RawPeer {
 public:
  static constexpr int patience_ms = 10'000;

  // receive_bytes > 0 bounds the kernel's buffer for what is not read.
  explicit RawPeer(std::uint16_t port, int receive_bytes = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    wire_ = std::make_unique<TlsWire>(context_, fd_, TlsWire::Role::client);
  }
  ~RawPeer() {
    wire_.reset();
    ::close(fd_);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  TlsWire& wire() { return *wire_; }

  bool handshake() {
    for (;;) {
      switch (wire_->handshake()) {
        case TlsWire::Step::done:
          return true;
        case TlsWire::Step::want_read:
          if (!wait(POLLIN)) return false;
          break;
        case TlsWire::Step::want_write:
          if (!wait(POLLOUT)) return false;
          break;
        default:
          return false;
      }
    }
  }
  bool send(std::string_view plain) {
    while (!plain.empty()) {
      const auto part = plain.substr(0, TlsWire::record_bytes_max);
      plain.remove_prefix(part.size());
      CipherText cipher;
      if (!wire_->encrypt(std::as_bytes(std::span(part)), cipher)) return false;
      auto sent = wire_->send(cipher.bytes());
      while (sent == TlsWire::Sent::blocked) {
        if (!wait(POLLOUT)) return false;
        sent = wire_->flush();
      }
      if (sent == TlsWire::Sent::failed) return false;
    }
    return true;
  }
  // Reads on until at least `bytes` have come since take(); false at the end or out of patience.
  bool read(std::size_t bytes) {
    while (got_.size() < bytes) {
      char buffer[16384];
      std::size_t n = 0;
      const auto step = wire_->read(std::as_writable_bytes(std::span(buffer)), n);
      if (step == TlsWire::Step::done)
        got_.append(buffer, n);
      else if (step != TlsWire::Step::want_read || !wait(POLLIN))
        return false;
    }
    return true;
  }
  bool read_until(std::string_view end) {
    std::size_t wanted = 1;
    while (got_.find(end) == std::string::npos) {
      if (!read(got_.size() + wanted)) return false;
    }
    return true;
  }
  // Reads until the peer ends; false out of patience.
  bool read_to_end() {
    read(static_cast<std::size_t>(-1));
    return wire_->failed();
  }
  const std::string& got() const { return got_; }
  std::string take(std::size_t bytes) {
    std::string out = got_.substr(0, bytes);
    got_.erase(0, bytes);
    return out;
  }

  bool upgrade(std::string_view path = "/echo", std::string_view headers = "") {
    std::string request = "GET " + std::string(path) +
                          " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    request += std::string(headers) + "\r\n";
    if (!send(request) || !read_until("\r\n\r\n")) return false;
    const auto end = got_.find("\r\n\r\n") + 4;
    return take(end).starts_with("HTTP/1.1 101");
  }
  // One whole websocket frame from the server: first byte and payload.
  struct Frame {
    unsigned first = 0;
    std::string payload;
  };
  bool next(Frame& frame) {
    if (!read(2)) return false;
    std::size_t length = static_cast<unsigned char>(got_[1]), header = 2;
    if (length >= 126) {
      const std::size_t width = length == 126 ? 2 : 8;
      if (!read(2 + width)) return false;
      length = 0;
      for (std::size_t i = 0; i < width; ++i)
        length = length << 8 | static_cast<unsigned char>(got_[2 + i]);
      header += width;
    }
    if (!read(header + length)) return false;
    frame.first = static_cast<unsigned char>(got_[0]);
    take(header);
    frame.payload = take(length);
    return true;
  }
  // A masked frame (mask 0: the bytes stay readable).
  static std::string frame(unsigned first, std::string_view payload) {
    std::string out(1, static_cast<char>(first));
    if (payload.size() < 126) {
      out += static_cast<char>(0x80 | payload.size());
    } else {
      const std::size_t width = payload.size() <= 0xffff ? 2 : 8;
      out += static_cast<char>(0x80 | (width == 2 ? 126 : 127));
      for (std::size_t i = width; i-- > 0;)
        out += static_cast<char>(payload.size() >> (8 * i) & 0xff);
    }
    out.append(4, '\0');
    return out.append(payload);
  }

 private:
  bool wait(short events) {
    pollfd one{fd_, events, 0};
    return ::poll(&one, 1, patience_ms) == 1;
  }

  TlsContext context_ = TlsContext::client_without_verification();
  std::unique_ptr<TlsWire> wire_;
  std::string got_;
  int fd_;
  bool connected_ = false;
};

}  // namespace bourse

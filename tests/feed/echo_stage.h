// A conversation without an exchange: answers what it is sent, closes or floods when asked to.
//   Text "close CODE REASON": asks for that close. "flood COUNT BYTES [ROOM]": COUNT binary
//   messages of BYTES each, which begin with their number from 0, at most ROOM bytes and one
//   message waiting at a time. Everything else comes back as it was.
//   Owner: the thread of the loop.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "feed/net/certificate.h"    // TlsContext
#include "feed/net/feed_client.h"    // FeedClient
#include "feed/turn/session_loop.h"  // SessionLoop

namespace bourse {

class EchoConversation {
 public:
  static constexpr std::size_t outbox_high_bytes = 256 << 10;

  explicit EchoConversation(SessionInfo info) : info_(std::move(info)) {}

  void on_open(Outbox& out) { out.append_text("hello " + info_.name + ' ' + info_.subprotocol); }
  void on_text(std::string_view text, Outbox& out) {
    char reason[64] = "";
    unsigned long long a = 0, b = 0, room = outbox_high_bytes;
    const std::string copy(text);
    if (std::sscanf(copy.c_str(), "close %llu %63s", &a, reason) == 2) {
      out.request_close(static_cast<std::uint16_t>(a), reason);
    } else if (std::sscanf(copy.c_str(), "flood %llu %llu %llu", &a, &b, &room) >= 2) {
      left_ = a;
      room_ = room;
      payload_.resize(b);
    } else {
      out.append_text(text);
    }
  }
  void on_binary(std::span<const std::byte> bytes, Outbox& out) { out.append_binary(bytes); }
  bool pump(Outbox& out, TimeNs) {
    while (left_ > 0 && out.size() < room_) {
      std::memcpy(payload_.data(), &number_, sizeof number_);
      out.append_binary(payload_);
      ++number_;
      --left_;
    }
    return left_ > 0;
  }
  void on_timer(TimeNs, Outbox&) {}

 private:
  SessionInfo info_;
  std::vector<std::byte> payload_;
  std::uint64_t number_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t room_ = outbox_high_bytes;
};

struct EchoStage {
  using Conversation = EchoConversation;

  std::span<const std::string_view> subprotocols(std::string_view path) const {
    static constexpr std::array<std::string_view, 2> spoken = {"echo.v1", "echo.v2"};
    return path == "/echo" ? std::span<const std::string_view>(spoken)
                           : std::span<const std::string_view>();
  }
  void open(const HttpRequest&, SessionInfo info, std::optional<EchoConversation>& into) {
    into.emplace(std::move(info));
  }
  HttpAnswer answer(const HttpRequest& request) {
    if (request.path == "/big") return {200, "text/plain", std::string(1 << 20, 'x'), ""};
    if (request.path != "/") return http_error(404, "not_found", 1002, request.path, "GET /");
    return {200, "text/plain", "echo\n", ""};
  }
  std::string farewell() const { return R"({"op":"shutdown"})"; }
  bool serves() const { return true; }
  bool has_news() const { return false; }
  bool advance(TimeNs) { return false; }
};

// A loop on a thread of its own, on a free port of this machine.
class EchoServer {
 public:
  explicit EchoServer(FeedOptions given = {}) : options(std::move(given)) {
    auto context = TlsContext::server(options);
    if (!context) throw std::runtime_error(context.error().text());
    loop.emplace(stage, options, *context, metrics);
    if (auto opened = loop->listen(0, Listener::Sharing::alone); !opened)
      throw std::runtime_error(opened.error().text());
    thread = std::thread([this] { loop->run(); });
  }
  ~EchoServer() { stop(); }
  void stop(std::uint16_t code = 1001) {
    if (!thread.joinable()) return;
    loop->stop(code);
    thread.join();
  }
  std::uint16_t port() const { return loop->port(); }
  FeedClientOptions client() const {
    FeedClientOptions out;
    out.address = {"127.0.0.1", port(), "/echo"};
    out.verify = false;
    return out;
  }
  // What GET /metrics would say of one series, by the start of its line.
  std::string metric(std::string_view series) const {
    const std::string text = metrics.text();
    const auto at = text.find("\n" + std::string(series) + ' ');
    if (at == std::string::npos) return "";
    const auto value = at + series.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
  }

  FeedOptions options;
  Metrics metrics;
  EchoStage stage;
  std::optional<SessionLoop<EchoStage>> loop;
  std::thread thread;
};

}  // namespace bourse

// A trader for tests: a TradeSession with its Outbox, read as a client would read the socket.
//   Owner:  one test.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "feed/control/auth.h"          // sign, demo_key_secret
#include "feed/control/json_fields.h"   // JsonFields
#include "feed/market/market_frames.h"  // header_of
#include "feed/net/outbox.h"            // Outbox, ws_frame_bytes
#include "feed/trade/order_frames.h"    // read_exec_frame
#include "feed/trade/trade_session.h"   // TradeSession
#include "feed/wire.h"                  // frame_flags
#include "tests/feed/trade_world.h"     // TradeWorld

namespace bourse {

struct Message {
  bool is_text = false;
  std::string payload;
};

// Whole messages out of an outbox; the rest stays.
inline std::vector<Message> take_messages(Outbox& out, std::size_t bytes_max = SIZE_MAX) {
  std::vector<Message> messages;
  while (!out.empty()) {
    const auto pending = out.pending();
    const std::size_t length = ws_frame_bytes(pending.data());
    if (length > bytes_max) break;
    bytes_max -= length;
    const auto seven = std::to_integer<unsigned>(pending[1] & std::byte{0x7f});
    const std::size_t header = seven == 127 ? 10 : seven == 126 ? 4 : 2;
    const auto opcode = std::to_integer<unsigned>(pending[0] & std::byte{0x0f});
    messages.push_back(
        {opcode == 1, {reinterpret_cast<const char*>(pending.data()) + header, length - header}});
    out.consume(length);
  }
  return messages;
}

// The keys and options that all clients of a test share.
struct TradeDesk {
  explicit TradeDesk(TradeWorld& w, std::uint32_t grace_ms = 0)
      : TradeDesk(w, w.router(), w.take_gate(), grace_ms) {}
  // As another io thread, or the next life of the exchange, would have it.
  TradeDesk(TradeWorld& w, ExecRouter& r, Gate gate, std::uint32_t grace_ms = 0,
            EngineLink* remote = nullptr)
      : world(w), router(r), lost(grace_ms), entry(std::move(gate), r.instruments(), lost, remote) {
    EXPECT_TRUE(keys.add(demo_key()));
    add_key("second", 2, key_scopes::read | key_scopes::trade);
    add_key("watcher", 1, key_scopes::read);
    add_key("nobody", TradeWorld::accounts_max + 1, key_scopes::trade);
    ApiKey off = demo_key();
    off.id = "off";
    off.enabled = false;
    EXPECT_TRUE(keys.add(off));
    options.epoch = Epoch{1};
    world.run();
  }
  void add_key(std::string id, std::uint32_t account, std::uint32_t scopes) {
    ApiKey key = demo_key();
    key.id = std::move(id);
    key.account = AccountId{account};
    key.scopes = scopes;
    EXPECT_TRUE(keys.add(key));
  }

  TradeParts parts() {
    return {router, entry, keys, limits, stages, world.log(), options, order_stages};
  }

  TradeWorld& world;
  ExecRouter& router;
  Keys keys;
  FeedOptions options;
  ConnectionLimits limits{options};
  StageClock stages;
  Metrics metrics;
  OrderStages order_stages{metrics};
  LostSessions lost;
  OrderEntry entry;
};

inline std::string auth_text(const std::string& key, const std::string& session,
                             const std::string& more = "") {
  return R"({"op":"auth","id":1,"key":")" + key + R"(","alg":"hmac-sha256","sig":")" +
         sign(KeyAlgorithm::hmac_sha256, demo_key_secret, "bm9uY2U=", session) + "\"" + more + "}";
}

class TradeClient {
 public:
  explicit TradeClient(TradeDesk& desk, std::string subprotocol = "", std::uint32_t id = 1)
      : desk_(desk),
        name_("s-" + std::to_string(id)),
        session_(desk.parts(), {.id = SessionId{id},
                                .name = name_,
                                .nonce = "bm9uY2U=",
                                .subprotocol = std::move(subprotocol),
                                .peer = "test"}) {
    session_.on_open(out_);
  }

  TradeSession& session() { return session_; }
  Outbox& out() { return out_; }

  void say(const std::string& json) { session_.on_text(json, out_); }
  void say(const WireOrder& order) { session_.on_binary(encode_order(order), out_); }
  bool pump() { return session_.pump(out_, desk_.world.now()); }
  std::vector<Message> hear() { return take_messages(out_); }
  // The one message that is there.
  std::string answer() {
    auto messages = hear();
    EXPECT_EQ(messages.size(), 1u);
    return messages.empty() ? std::string{} : messages.front().payload;
  }
  std::string auth(const std::string& key = "demo", const std::string& more = "") {
    static_cast<void>(hear());
    say(auth_text(key, name_, more));
    return answer();
  }

 private:
  TradeDesk& desk_;
  std::string name_;
  TradeSession session_;
  Outbox out_;
};

inline std::string value_of(const std::string& json, std::string_view key) {
  JsonFields fields;
  if (!fields.parse(json)) return "(no JSON) " + json;
  const JsonField* const field = fields.find(key);
  return field == nullptr ? std::string{} : std::string{field->value};
}

// The reports in a list of binary messages, with the chain of their frames checked from `told` on.
inline std::vector<WireReport> reports_in(const std::vector<Message>& messages, std::uint64_t& told,
                                          std::vector<std::string>& storage) {
  std::vector<WireReport> reports;
  for (const Message& message : messages) {
    if (message.is_text) {
      ADD_FAILURE() << message.payload;
      continue;
    }
    std::vector<std::uint64_t> aligned((message.payload.size() + 7) / 8);
    std::memcpy(aligned.data(), message.payload.data(), message.payload.size());
    const auto bytes = std::as_bytes(std::span{aligned}).first(message.payload.size());
    if (header_of(bytes).channel == wire::Channel::system) continue;  // slow reader, caught up
    const auto frame = read_exec_frame(bytes);
    EXPECT_TRUE(frame);
    if (!frame) continue;
    EXPECT_EQ(frame->prev_seq, told);
    told = frame->last_seq;
    for (WireReport report : frame->reports) {
      storage.emplace_back(report.cl_ord_id);
      report.cl_ord_id = {};
      EXPECT_EQ(report.seq, frame->last_seq);
      reports.push_back(report);
    }
  }
  return reports;
}

}  // namespace bourse

// What /v1/trade and /v1/dropcopy have in common: hello, requests in JSON with their ids, the rate
// of control messages, the proof of a key, its deadline and its end.
//   Shape:  passive; a session asks it first and goes on with what it has read.
//   Owner:  a session, on one io thread.
//   Errors: answered by {"op":"error"}; it closes (4001) after failed proofs, without auth in time
//           or when the key has been taken back, and (1008) who asks without reading.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "feed/control/auth.h"           // Keys, ApiKey
#include "feed/feed_options.h"           // FeedOptions
#include "feed/net/connection_limits.h"  // ConnectionLimits
#include "feed/net/outbox.h"             // Outbox
#include "feed/net/session_info.h"       // SessionInfo
#include "feed/net/token_bucket.h"       // TokenBucket
#include "feed/trade/field_reader.h"     // FieldReader, JsonFields, TradeError
#include "replay/log/log.h"              // Log

namespace bourse {

class TradeDoor {
 public:
  static constexpr std::uint32_t auth_failures_max = 3;
  static constexpr std::size_t id_bytes_max = 64;

  TradeDoor(const Keys& keys, ConnectionLimits& limits, const Log& log, const FeedOptions& options,
            SessionInfo info);
  ~TradeDoor();
  TradeDoor(const TradeDoor&) = delete;
  TradeDoor& operator=(const TradeDoor&) = delete;

  void greet(Epoch epoch, Outbox& out) const;
  // False: nothing is answered any more.
  bool is_talking(Outbox& out);
  // A request taken apart; its op, "" if it has none. Nothing: it was answered. error.id is valid
  // until the next read().
  std::optional<std::string_view> read(std::string_view text, TradeError& error, Outbox& out);
  // One control message of the rate. False: it was answered.
  bool take_control(TradeError& error, Outbox& out);
  // What both sides answer alike: ping, no op, an op that nobody knows.
  void answer_rest(std::string_view op, TradeError& error, Outbox& out);

  // The key that an auth has proven and that may have one more connection. Nothing: it was
  // answered. It must have one of `scopes`.
  std::shared_ptr<const ApiKey> prove(std::uint32_t scopes, TradeError& error, Outbox& out);
  void accept(std::shared_ptr<const ApiKey> key) { key_ = std::move(key); }
  bool has_scope(std::uint32_t scope) const { return key_ && (key_->scopes & scope) != 0; }
  const ApiKey* key() const { return key_.get(); }
  // The scope, and a certificate where the configuration asks for one. False: error says why.
  bool may(std::uint32_t scope, TradeError& error) const;

  void close(std::uint16_t code, std::string_view reason, Outbox& out);
  // Says that the log cannot be read, and closes.
  void end_unreadable(std::string why, Outbox& out);
  bool is_closing() const { return is_closing_; }
  void tell_time(TimeNs now) { now_ = std::max(now_, now); }
  TimeNs now() const { return now_; }
  void on_timer(TimeNs now, Outbox& out);

  const JsonFields& json() const { return json_; }
  const SessionInfo& info() const { return info_; }
  static void fail(const TradeError& error, Outbox& out) { out.append_text(error_reply(error)); }

 private:
  const Keys& keys_;
  ConnectionLimits& limits_;
  const Log& log_;
  const FeedOptions& options_;
  SessionInfo info_;
  JsonFields json_;
  std::string id_;
  TokenBucket control_;
  TimeNs now_{0};     // as told
  TimeNs opened_{0};  // first time told
  std::uint32_t auth_failures_ = 0;
  bool is_closing_ = false;
  std::shared_ptr<const ApiKey> key_;  // once authenticated
  std::string counted_;                // id of the key that counts this connection
  std::uint64_t keys_version_ = 0;     // at which the key was found
};

}  // namespace bourse

// What a trade session says in JSON besides hello and reports: auth_ok, pong, error and so on.
//   Shape:  one object per message; 64-bit integers as text, smaller ones as numbers.
//   Owner:  free functions; they return the text.
//   Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "feed/control/auth.h"           // ApiKey
#include "feed/control/control_error.h"  // ControlError
#include "feed/control/json_fields.h"    // JsonFields
#include "feed/feed_options.h"           // FeedOptions
#include "feed/trade/exec_router.h"      // AccountPosition
#include "matching/types.h"              // RejectReason, Sequence, TimeNs

namespace bourse {

struct TradeError {
  std::uint16_t code = 0;  // of ControlError or RejectReason
  std::string message = {};
  std::string_view id = {};  // JSON as the client sent it; empty: none
  std::uint64_t client_seq = 0;
  std::string_view cl_ord_id = {};
  std::uint32_t retry_after_ms = 0;
  std::optional<std::uint32_t> log = {};  // if it has to say which: log_named()
};
// Which log a message is of, where there are several. What answers a request at once does not name
// it: whoever has divided the request does (feed/trade/trade_channels.h).
inline std::optional<std::uint32_t> log_named(const FeedOptions& options) {
  return options.logs > 1 ? std::optional(options.log) : std::nullopt;
}
constexpr std::uint16_t code_of(ControlError error) { return static_cast<std::uint16_t>(error); }
constexpr std::uint16_t code_of(RejectReason reason) { return static_cast<std::uint16_t>(reason); }

// {"op":"error", ...} as on /v1/md, and with what names the request: client_seq, cl_ord_id.
std::string error_reply(const TradeError& error);
struct AuthAnswer {
  AccountPosition position;
  Sequence told;                  // reports of transactions after it follow
  std::optional<bool> resumed{};  // if it was asked for
};
std::string auth_ok_reply(std::string_view id, const ApiKey& key, const AuthAnswer& answer);
std::string exec_replay_ok_reply(std::string_view id, Sequence told);

// Where a private stream is to begin, from `exec_key` and from_seq. False: error says why.
struct ExecResume {
  bool is_asked = false;
  Sequence sequence{0};
  ExecSequence wanted{0};
};
bool read_exec_resume(const JsonFields& json, std::string_view exec_key, const ExecRouter& router,
                      AccountId account, ExecResume& resume, TradeError& error);

// {"op":"open_orders",...}: the newest first; `next_below` continues.
struct OpenOrdersAsked {
  std::string_view id;
  AccountId account;
  SymbolId symbol{0};  // 0: all
  OrderId below{0};    // 0: from the newest on
  GroupId group{0};    // 0: all
  std::uint32_t most;  // of one answer
};
std::string open_orders_reply(const ExecRouter& router, const OpenOrdersAsked& asked);
// `t`: what the client sent, as JSON; empty: nothing.
std::string pong_reply(std::string_view id, std::string_view t, TimeNs received, TimeNs sent);

}  // namespace bourse

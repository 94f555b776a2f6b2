// What a trade session says in JSON, besides reports: hello, auth_ok, pong, exec_replay_ok, error.
//   Shape:  one object per message; 64-bit integers as text, smaller ones as numbers.
//   Owner:  free functions; they return the text.
//   Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "feed/auth.h"          // ApiKey
#include "feed/exec_router.h"   // AccountPosition
#include "feed/feed_options.h"  // FeedOptions
#include "feed/session_info.h"  // SessionInfo
#include "matching/types.h"     // Sequence, TimeNs

namespace bourse {

// Codes of docs/PROTOCOL.md that order entry uses besides the RejectReasons.
namespace trade_error {
inline constexpr std::uint16_t bad_json = 1001;
inline constexpr std::uint16_t unknown_op = 1002;
inline constexpr std::uint16_t missing_field = 1003;
inline constexpr std::uint16_t bad_type = 1004;
inline constexpr std::uint16_t frame_too_large = 1005;
inline constexpr std::uint16_t bad_flatbuffer = 1006;
inline constexpr std::uint16_t auth_required = 3001;
inline constexpr std::uint16_t bad_signature = 3002;
inline constexpr std::uint16_t key_disabled = 3003;
inline constexpr std::uint16_t scope_missing = 3004;
inline constexpr std::uint16_t too_many_sessions = 3005;
inline constexpr std::uint16_t nonce_expired = 3007;
inline constexpr std::uint16_t seq_expired = 4001;
inline constexpr std::uint16_t seq_in_future = 4002;
inline constexpr std::uint16_t journal_unavailable = 4005;
inline constexpr std::uint16_t control_rate = 6001;
inline constexpr std::uint16_t order_rate = 6002;
}  // namespace trade_error

struct TradeError {
  std::uint16_t code = 0;  // trade_error or RejectReason
  std::string message;
  std::string_view id = {};  // JSON as the client sent it; empty: none
  std::uint64_t client_seq = 0;
  std::string_view cl_ord_id = {};
  std::uint32_t retry_after_ms = 0;
};

std::string error_reply(const TradeError& error);
std::string hello_reply(const SessionInfo& info, const FeedOptions& options, Sequence earliest,
                        Sequence head, TimeNs now);
// `told`: reports of transactions after it follow.
std::string auth_ok_reply(std::string_view id, const ApiKey& key, const AccountPosition& position,
                          Sequence told);
std::string exec_replay_ok_reply(std::string_view id, Sequence told);
// `t`: what the client sent, as JSON; empty: nothing.
std::string pong_reply(std::string_view id, std::string_view t, TimeNs now);

}  // namespace bourse

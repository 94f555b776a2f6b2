#include "feed/net/upgrade.h"

#include <charconv>
#include <cstdint>
#include <utility>

namespace bourse {

UpgradeDecision decide_upgrade(const HttpRequest& request,
                               std::span<const std::string_view> subprotocols,
                               std::string_view certificate, const FeedOptions& options) {
  if (subprotocols.empty())
    return {{},
            http_error(404, "not_found", 1002, "there is no websocket at " + request.path,
                       "wss://HOST/v1/md for market data, wss://HOST/v1/trade for orders")};
  if (request.method != "GET") {
    HttpAnswer answer = http_error(405, "method_not_allowed", 1002,
                                   request.method + " is not served here", "use GET");
    answer.headers = "Allow: GET\r\n";
    return {{}, std::move(answer)};
  }
  if (!request.is_http11)
    return {{},
            http_error(400, "bad_request", 1001, request.path + " is a websocket: HTTP/1.1 only",
                       "connect with wss://HOST" + request.path)};
  if (!request.is_upgrade) {
    HttpAnswer answer = http_error(426, "upgrade_required", 1002, request.path + " is a websocket",
                                   "connect with wss:// instead of https://");
    answer.headers = "Upgrade: websocket\r\n";
    return {{}, std::move(answer)};
  }
  if (!origin_allowed(request, options.origins_allowed))
    return {
        {},
        http_error(403, "origin_refused", 3006, "pages of " + request.origin + " may not connect",
                   "name it in origins_allowed of the server")};
  const bool is_trade = request.path == "/v1/trade" || request.path == "/v1/dropcopy";
  if (is_trade && options.trade_needs_certificate && certificate.empty())
    return {{},
            http_error(403, "certificate_required", 3006,
                       request.path + " takes clients with a certificate only",
                       "show one of the authority that the server trusts: bourse keys client")};
  if (request.subprotocols.empty()) return {};
  for (const std::string& offered : request.subprotocols)
    for (const std::string_view known : subprotocols)
      if (offered == known) return {offered, std::nullopt};
  std::string hint = "offer one of";
  for (const std::string_view known : subprotocols) hint.append(" ").append(known);
  return {{},
          http_error(400, "unsupported_subprotocol", 1007,
                     "no subprotocol that was offered is spoken here", hint + ", or none")};
}

std::string shutdown_message(Sequence told, Epoch epoch) {
  return R"({"op":"shutdown","code":9003,"msg":"the server is shutting down","head_seq":")" +
         std::to_string(told.value()) + R"(","epoch":)" + std::to_string(epoch.value()) +
         R"(,"hint":"connect again and subscribe from your next sequence"})";
}

std::string session_name(SessionId id) {
  constexpr char hex[] = "0123456789abcdef";
  std::string name = "s-";
  for (int shift = 28; shift >= 0; shift -= 4) name += hex[id.value() >> shift & 15u];
  return name;
}

std::optional<SessionId> parse_session_name(std::string_view name) {
  std::uint32_t id = 0;
  if (!name.starts_with("s-")) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), id, 16);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return SessionId{id};
}

}  // namespace bourse

// Any lines at /v1/trade after its hello, as an authenticated session hears them: texts, or a
// binary message where a line begins with a zero. Every answer is well-formed, every report
// verifies, and neither the exchange nor the log minds.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "matching/check.h"           // CHECK
#include "tests/feed/trade_client.h"  // TradeClient, TradeDesk, TradeWorld

namespace {

using namespace bourse;

constexpr int lines_max = 32;
constexpr std::uint64_t log_transactions_max = 20'000;  // then a new exchange

struct Exchange {
  TradeWorld world;
  TradeDesk desk{world};
  std::uint32_t sessions = 0;
};

void must_be_sound(const Message& message) {
  if (message.is_text) {
    static simdjson::dom::parser parser;
    simdjson::dom::element root;
    CHECK(parser.parse(message.payload.data(), message.payload.size()).get(root) ==
          simdjson::SUCCESS);
    return;
  }
  std::vector<std::uint64_t> aligned((message.payload.size() + 7) / 8);
  std::memcpy(aligned.data(), message.payload.data(), message.payload.size());
  const auto bytes = std::as_bytes(std::span{aligned}).first(message.payload.size());
  CHECK(header_of(bytes).channel == wire::Channel::system || read_exec_frame(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<Exchange> exchange;
  if (!exchange || exchange->world.router().position().value() > log_transactions_max) {
    exchange.reset();
    exchange = std::make_unique<Exchange>();
  }
  TradeClient client(exchange->desk, size % 2 == 0 ? "bourse.json.v1" : "", ++exchange->sessions);
  const std::string position =
      R"(,"from_seq":")" + std::to_string(exchange->world.router().position().value() + 1) + "\"";
  CHECK(client.auth("demo", position).starts_with(R"({"op":"auth_ok")"));
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (int i = 0; i < lines_max && !text.empty(); ++i) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.front() == 0)
      client.session().on_binary(std::as_bytes(std::span(line.substr(1))), client.out());
    else
      client.say(std::string(line));
    exchange->world.run();
    for (int turn = 0; turn < 8 && client.pump(); ++turn) {
    }
    for (const Message& message : client.hear()) must_be_sound(message);
  }
  return 0;
}

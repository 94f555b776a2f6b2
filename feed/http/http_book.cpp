#include "feed/http/http_book.h"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "feed/control/json_writer.h"      // JsonWriter
#include "feed/net/url_query.h"            // parse_url_query
#include "matching/depth_book.h"           // DepthBook
#include "replay/snapshot/book_history.h"  // book_at, sequence_at
#include "replay/text/decimal.h"           // price_text, quantity_text
#include "replay/text/time_text.h"         // parse_time

namespace bourse {
namespace {

constexpr std::size_t depth_default = 100;

struct BookRequest {
  std::string symbol;
  std::size_t depth = depth_default;
  std::optional<Sequence> sequence;
  std::optional<TimeNs> time;
};

struct BookPoint {
  const InstrumentBody& instrument;
  const DepthBook& book;
  Sequence sequence;
  TimeNs time;
  Epoch epoch;
};

HttpAnswer wrong(std::string_view field, std::string_view takes) {
  return http_error(400, "bad_request", 1004,
                    "'" + std::string(field) + "' is not " + std::string(takes),
                    "GET /v1/book/SYMBOL?depth=10&at_seq=N or &at_ts=2026-01-30T14:30:00Z");
}

template <class Int>
bool read_integer(const std::string& text, Int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// The answer is a refusal, if there is one.
std::optional<HttpAnswer> read_request(const HttpRequest& request, BookRequest& out) {
  const auto query = parse_url_query(request.query);
  const auto path = parse_url_query(request.path.substr(book_path.size()));
  if (!query || !path || path->size() != 1)
    return http_error(400, "bad_request", 1001, "this is no URL", "GET /v1/book/BTC-USD?depth=10");
  out.symbol = path->front().first;
  for (const auto& [name, value] : *query) {
    std::uint64_t number = 0;
    if (name == "depth") {
      if (!read_integer(value, number)) return wrong(name, "a number of levels");
      out.depth = number;
    } else if (name == "at_seq") {
      if (!read_integer(value, number) || number == 0) return wrong(name, "a sequence");
      out.sequence = Sequence{number};
    } else if (name == "at_ts") {
      out.time = parse_time(value);
      if (!out.time) return wrong(name, "a time");
    }
  }
  if (out.sequence && out.time) return wrong("at_ts", "to be given together with at_seq");
  return std::nullopt;
}

HttpAnswer unknown_symbol(const std::string& symbol, const std::vector<std::string>& near) {
  std::string hint = "GET /v1/instruments lists them";
  for (std::size_t i = 0; i < near.size(); ++i)
    hint += (i == 0 ? "; did you mean " : ", ") + near[i];
  return http_error(404, "unknown_symbol", 2003, "there is no symbol " + symbol, hint);
}

HttpAnswer write_book(const BookPoint& at, std::size_t depth) {
  JsonWriter json;
  json.open('{').key("symbol").text(at.instrument.symbol_view());
  json.key("seq").wide(at.sequence.value());
  json.key("ts_event").wide(static_cast<std::uint64_t>(at.time.value()));
  json.key("epoch").number(at.epoch.value());
  json.key("rpt_seq").wide(at.book.last_rpt().value());
  json.key("book_hash").wide(at.book.book_hash());
  std::vector<DepthLevel> levels;
  for (const Side side : {Side::buy, Side::sell}) {
    const std::size_t count = at.book.level_count(side);
    levels.resize(depth == 0 ? count : std::min(depth, count));
    levels.resize(at.book.levels(side, levels));
    json.key(side == Side::buy ? "bids" : "asks").open('[');
    for (const DepthLevel& level : levels) {
      json.open('[').text(price_text(level.price, at.instrument));
      json.text(quantity_text(level.quantity, at.instrument)).number(level.orders).close(']');
    }
    json.close(']');
  }
  HttpAnswer answer;
  answer.body = std::string(json.close('}').view()) + '\n';
  return answer;
}

HttpAnswer answer_error(const Error& error) {
  const bool is_place = error.code == ExitCode::usage;
  return http_error(is_place ? 410 : 500, is_place ? "seq_expired" : "journal_unavailable",
                    is_place ? 4001 : 4005, error.what,
                    error.next.empty() ? "GET /v1/status tells what the log has" : error.next);
}

HttpAnswer book_of_the_past(const Log& log, const BookRequest& asked) {
  Sequence sequence = asked.sequence.value_or(Sequence{0});
  if (asked.time) {
    const auto found = sequence_at(log, *asked.time);
    if (!found) return answer_error(found.error());
    sequence = *found;
  }
  if (sequence > log.released_sequence())
    return http_error(400, "seq_in_future", 4002,
                      "the newest sequence is " + std::to_string(log.released_sequence().value()),
                      "leave at_seq out for the book of now");
  std::vector<std::string> known;
  const auto at = book_at(log, asked.symbol, sequence, &known);
  if (at)
    return write_book({at->instrument, at->book, at->sequence, at->time, at->epoch}, asked.depth);
  if (!known.empty()) {
    if (known.size() > 3) known.resize(3);
    return unknown_symbol(asked.symbol, known);
  }
  return answer_error(at.error());
}

}  // namespace

BookAnswer answer_book(const HttpRequest& request, const Hub& hub, const Log& log,
                       HistoryDesk& desk) {
  BookRequest asked;
  if (auto refusal = read_request(request, asked)) return std::move(*refusal);
  if (!asked.sequence && !asked.time) {
    const SymbolId id = hub.instruments().find(asked.symbol);
    if (!id) return unknown_symbol(asked.symbol, hub.instruments().suggestions(asked.symbol));
    return write_book({*hub.state().instrument(id), *hub.state().book(id), hub.sequence(),
                       hub.time(), hub.epoch()},
                      asked.depth);
  }
  auto task = desk.ask([&log, asked] { return book_of_the_past(log, asked); });
  if (task == nullptr)
    return http_error(503, "overloaded", 9002, "too many books of the past are asked for",
                      "try again in a moment");
  return task;
}

}  // namespace bourse

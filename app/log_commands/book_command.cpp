#include "app/log_commands/book_command.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/config/settings.h"           // nearest
#include "app/terminal/complaint.h"        // complain, time_of
#include "replay/log/log.h"                // Log
#include "replay/snapshot/book_history.h"  // book_at, sequence_at
#include "replay/text/decimal.h"           // price_text, quantity_text
#include "replay/text/time_text.h"         // time_text

namespace bourse {
namespace {

std::vector<DepthLevel> levels_of(const BookAt& at, Side side, std::uint32_t depth) {
  std::vector<DepthLevel> levels(at.book.level_count(side));
  levels.resize(at.book.levels(side, levels));
  if (depth != 0 && levels.size() > depth) levels.resize(depth);
  return levels;
}

// The orders of the best `depth` levels.
std::vector<DepthOrder> orders_of(const BookAt& at, Side side, std::uint32_t depth) {
  std::vector<DepthOrder> orders;
  std::uint32_t levels = 0;
  at.book.for_each_order(side, [&](const DepthOrder& order) {
    if (orders.empty() || orders.back().price != order.price) ++levels;
    if (depth == 0 || levels <= depth) orders.push_back(order);
  });
  return orders;
}

// Two columns of text, best on top.
void print_table(const BookAt& at, const BookArguments& arguments) {
  fmt::print("{} at sequence {}, {}\n", at.instrument.symbol_view(), at.sequence.value(),
             time_text(at.time));
  const auto cells = [&](Side side) {
    std::vector<std::string> out;
    if (arguments.orders) {
      for (const DepthOrder& order : orders_of(at, side, arguments.depth)) {
        out.push_back(fmt::format("{:>12} {:>14} {:>12}", order.order_id.value(),
                                  quantity_text(order.quantity, at.instrument),
                                  price_text(order.price, at.instrument)));
      }
      return out;
    }
    for (const DepthLevel& level : levels_of(at, side, arguments.depth)) {
      out.push_back(fmt::format("{:>8} {:>14} {:>12}", level.orders,
                                quantity_text(level.quantity, at.instrument),
                                price_text(level.price, at.instrument)));
    }
    return out;
  };
  const std::string head = arguments.orders
                               ? fmt::format("{:>12} {:>14} {:>12}", "order", "quantity", "price")
                               : fmt::format("{:>8} {:>14} {:>12}", "orders", "quantity", "price");
  const std::vector<std::string> bids = cells(Side::buy);
  const std::vector<std::string> asks = cells(Side::sell);
  const std::size_t width = head.size();
  fmt::print("{:<{}}  |{}\n", "bid", width, "  ask");
  fmt::print("{}  |{}\n", head, head);
  for (std::size_t row = 0; row < std::max(bids.size(), asks.size()); ++row) {
    fmt::print("{:>{}}  |{}\n", row < bids.size() ? bids[row] : "", width,
               row < asks.size() ? asks[row] : "");
  }
}

void print_json(const BookAt& at, const BookArguments& arguments) {
  fmt::print(R"({{"symbol":"{}","sequence":"{}","time":"{}","snapshot":"{}","rpt_sequence":"{}",)",
             at.instrument.symbol_view(), at.sequence.value(), time_text(at.time),
             at.snapshot.value(), at.book.last_rpt().value());
  fmt::print(R"("book_hash":"{:016x}")", at.book.book_hash());
  for (const Side side : {Side::buy, Side::sell}) {
    fmt::print(R"(,"{}":[)", side == Side::buy ? "bids" : "asks");
    const char* comma = "";
    if (arguments.orders) {
      for (const DepthOrder& order : orders_of(at, side, arguments.depth)) {
        fmt::print(R"({}{{"order_id":"{}","price":"{}","quantity":"{}"}})", comma,
                   order.order_id.value(), price_text(order.price, at.instrument),
                   quantity_text(order.quantity, at.instrument));
        comma = ",";
      }
    } else {
      for (const DepthLevel& level : levels_of(at, side, arguments.depth)) {
        fmt::print(R"({}{{"price":"{}","quantity":"{}","orders":{}}})", comma,
                   price_text(level.price, at.instrument),
                   quantity_text(level.quantity, at.instrument), level.orders);
        comma = ",";
      }
    }
    fmt::print("]");
  }
  fmt::print("}}\n");
}

}  // namespace

int book_command(const BookArguments& arguments) {
  if (arguments.sequence != 0 && !arguments.time.empty()) {
    return complain("book", {.code = ExitCode::usage,
                             .what = "--at-seq and --at-ts together",
                             .where = {},
                             .next = "name one of them"});
  }
  std::optional<TimeNs> time;
  if (!arguments.time.empty()) {
    time = time_of("book", arguments.time);
    if (!time) return static_cast<int>(ExitCode::usage);
  }
  LogOptions options;
  options.directory = arguments.journal;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return complain("book", log.error());
  Sequence sequence{arguments.sequence};
  if (time) {
    const auto found = sequence_at(**log, *time);
    if (!found) return complain("book", found.error());
    sequence = *found;
  } else if (!sequence) {
    sequence = (*log)->released_sequence();
  }
  std::vector<std::string> known;
  auto at = book_at(**log, arguments.symbol, sequence, &known);
  if (!at) {
    Error error = at.error();
    if (error.code == ExitCode::usage && error.next.empty()) {
      const std::string near = nearest(arguments.symbol, known);
      error.next = !near.empty()   ? fmt::format("did you mean {}?", near)
                   : known.empty() ? "nothing was defined then"
                                   : fmt::format("for example {}", known.front());
    }
    return complain("book", error);
  }
  if (arguments.json) {
    print_json(*at, arguments);
  } else {
    print_table(*at, arguments);
  }
  return std::fflush(stdout) == 0 ? 0 : static_cast<int>(ExitCode::io_error);
}

}  // namespace bourse

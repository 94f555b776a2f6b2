#include "app/terminal/market_follower.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "matching/event.h"  // PublicEvent, event_flags

namespace bourse {
namespace {

// Decimals that a tick needs: 10000000 (0.01 in 1e-9) needs 2.
int decimals_of(std::int64_t tick_size_e9) {
  int decimals = 9;
  while (decimals > 0 && tick_size_e9 != 0 && tick_size_e9 % 10 == 0) {
    tick_size_e9 /= 10;
    --decimals;
  }
  return decimals;
}

std::uint64_t integer_of(simdjson::ondemand::value value) {
  std::uint64_t number = 0;
  if (!value.get_uint64().get(number)) return number;
  if (!value.get_uint64_in_string().get(number)) return number;
  return 0;
}

PublicEvent event_of(const wire::MboEvent& from) {
  PublicEvent event{};
  switch (from.action) {
    case 'A':
      event.kind = EventKind::add;
      break;
    case 'M':
      event.kind = EventKind::modify;
      break;
    case 'C':
      event.kind = EventKind::cancel;
      break;
    case 'E':
      event.kind = EventKind::execute;
      break;
    case 'T':
      event.kind = EventKind::trade;
      break;
    case 'R':
      event.kind = EventKind::clear;
      break;
    default:
      event.kind = EventKind::status;
      break;
  }
  event.side = from.side == 'B' ? Side::buy : from.side == 'A' ? Side::sell : Side::none;
  event.flags = from.flags;
  event.symbol = SymbolId{from.instrument_id};
  event.order_id = OrderId{from.order_id};
  event.price = PriceTicks{from.price};
  event.quantity = QuantityLots{from.size};
  event.aux = from.aux;
  event.rpt_sequence = RptSequence{from.rpt_seq};
  return event;
}

}  // namespace

MarketFollower::MarketFollower(std::string symbol, std::vector<std::string> channels)
    : symbol_(std::move(symbol)), channels_(std::move(channels)) {}

std::string MarketFollower::subscribe_request(std::uint64_t from) const {
  std::string subs;
  for (const std::string& channel : channels_) {
    std::uint64_t start = from;
    for (const auto& [id, stream] : streams_)
      if (stream.channel == channel) start = stream.complete + 1;
    // The book of a resumed stream is already here; a new one starts with a snapshot.
    const bool snapshot = channel == "mbo" && !has_book_;
    subs += fmt::format(R"({}{{"channel":"{}","symbols":["{}"],"snapshot":{}{}}})",
                        subs.empty() ? "" : ",", channel, symbol_, snapshot,
                        start == 0 ? "" : fmt::format(R"(,"start":{{"seq":"{}"}})", start));
  }
  return fmt::format(R"({{"op":"subscribe","id":1,"subs":[{}]}})", subs);
}

Result<void> MarketFollower::on_text(std::string_view text) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string json(text);
  simdjson::ondemand::document document;
  std::string_view op;
  if (parser.iterate(json).get(document) || document["op"].get(op))
    return fail(ExitCode::internal, "a message that is no JSON object", symbol_);
  if (op == "error") {
    std::uint64_t code = 0;
    if (document["code"].get_uint64().get(code)) code = 0;
    const auto exit =
        code == 2003 || code == 4001 || code == 4002 ? ExitCode::usage : ExitCode::unreachable;
    return fail(exit, std::string(text), symbol_);
  }
  if (op != "subscribed") return {};
  simdjson::ondemand::array rejected;
  if (!document["rejected"].get_array().get(rejected)) {
    for (auto entry : rejected) {
      std::string_view raw;
      if (entry.raw_json_token().get(raw)) raw = {};
      return fail(ExitCode::usage, fmt::format("the server refuses {}: {}", symbol_, text), "",
                  "GET /v1/instruments lists the symbols");
    }
  }
  std::uint64_t log = 0;
  document.rewind();
  log_ = document["log"].get_uint64().get(log) == simdjson::SUCCESS ? log : 0;
  simdjson::ondemand::array streams;
  if (document.rewind(), document["streams"].get_array().get(streams)) return {};
  for (auto entry : streams) {
    simdjson::ondemand::object stream;
    if (entry.get_object().get(stream)) continue;
    std::uint64_t id = 0;
    std::uint64_t from = 0;
    std::string_view channel;
    simdjson::ondemand::value from_value;
    if (stream["stream"].get_uint64().get(id)) continue;
    if (stream["channel"].get_string().get(channel)) continue;
    const std::string name(channel);
    if (!stream["from_seq"].get(from_value)) from = integer_of(from_value);
    Stream& known = streams_[static_cast<std::uint32_t>(id)];
    known.channel = name;
    known.at = from == 0 ? 0 : from - 1;
    known.complete = std::max(known.complete, known.at);
  }
  return {};
}

Result<void> MarketFollower::follow(const FrameView& frame) {
  const wire::FrameHeader& header = frame.header;
  if (frame.definition) {
    quantity_exponent_ = frame.definition->qty_exponent;
    price_decimals_ = decimals_of(frame.definition->tick_size);
    return {};
  }
  if (frame.system) {
    // Of several logs each speaks for itself.
    if (wire::symbol_of(header.stream_id).value() != log_) return {};
    journal_sequence_ = std::max(journal_sequence_, frame.system->journal_seq);
    if (frame.system->code == wire::SystemCode::slow_reader) catching_up_ = true;
    if (frame.system->code == wire::SystemCode::caught_up ||
        frame.system->code == wire::SystemCode::replay_completed)
      catching_up_ = false;
    return {};
  }
  if (!streams_.contains(header.stream_id)) return {};
  if (auto chained = follow_chain(frame); !chained) return chained;
  if (!frame.mbo.empty())
    if (auto followed = follow_book(frame); !followed) return followed;
  for (const wire::Trade& trade : frame.trade) {
    if (trade.kind == 'V') {  // one of those before has been declared void
      std::erase_if(trades_, [&](const wire::Trade& t) { return t.match_id == trade.match_id; });
      continue;
    }
    trades_.push_front(trade);
    if (trades_.size() > trades_kept) trades_.pop_back();
  }
  last_sequence_ = std::max(last_sequence_, header.last_seq);
  if (!frame.mbo.empty())
    last_time_ns_ = frame.mbo.back().ts_event;
  else if (!frame.trade.empty())
    last_time_ns_ = frame.trade.back().ts_event;
  else if (!frame.bbo.empty())
    last_time_ns_ = frame.bbo.back().ts_event;
  else if (!frame.status.empty())
    last_time_ns_ = frame.status.back().ts_event;
  else if (!frame.imbalance.empty())
    last_time_ns_ = frame.imbalance.back().ts_event;
  return {};
}

Result<void> MarketFollower::follow_chain(const FrameView& frame) {
  const wire::FrameHeader& header = frame.header;
  Stream& stream = streams_.at(header.stream_id);
  const bool is_snapshot = (header.flags & wire::frame_flags::snapshot) != 0;
  if (!is_snapshot && header.prev_seq != stream.at)
    return fail(ExitCode::data_damaged,
                fmt::format("gap: the stream stood at {}, the frame follows {}", stream.at,
                            header.prev_seq),
                fmt::format("{} {}", stream.channel, symbol_));
  stream.at = header.last_seq;
  if (is_snapshot) {
    if ((header.flags & wire::frame_flags::snapshot_end) != 0) stream.complete = header.last_seq;
  } else if ((header.flags & wire::frame_flags::partial) == 0) {
    stream.complete = header.last_seq;
  }
  return {};
}

Result<void> MarketFollower::follow_book(const FrameView& frame) {
  if ((frame.header.flags & wire::frame_flags::snapshot_begin) != 0) {
    book_ = DepthBook();
    has_book_ = false;
  }
  for (const wire::MboEvent& event : frame.mbo) {
    DepthError error = DepthError::none;
    if ((event.flags & event_flags::snapshot) != 0) {
      if (event.action == 'A')
        error =
            book_.restore({OrderId{event.order_id}, PriceTicks{event.price},
                           QuantityLots{event.size}, event.side == 'B' ? Side::buy : Side::sell});
      book_.continue_after(RptSequence{event.rpt_seq});
    } else if (has_book_) {
      PublicEvent translated = event_of(event);
      // The frame does not carry what is left of the order; the book knows it.
      if (const auto order = book_.find(translated.order_id);
          order && (translated.kind == EventKind::cancel || translated.kind == EventKind::execute))
        translated.leaves =
            QuantityLots{order->quantity.value() - std::min(order->quantity.value(), event.size)};
      error = book_.apply(translated);
    }
    if (error != DepthError::none)
      return fail(ExitCode::data_damaged,
                  fmt::format("event {} of sequence {} does not fit the book: {}",
                              static_cast<char>(event.action), event.seq, to_string(error)),
                  symbol_);
  }
  if ((frame.header.flags & wire::frame_flags::snapshot_end) != 0) has_book_ = true;
  return {};
}

}  // namespace bourse

// Recordings of Kraken's websocket, version 1: "<seconds>: <JSON>" per line; books as
// [channel, {"as": [...], "bs": [...]}, "book-1000", "XBT/USD"], changes with a CRC32 in "c".
#include "replay/import/capture_fields.h"  // read_pair, read_seconds

namespace bourse {
namespace {

namespace dom = simdjson::dom;

class KrakenReader final : public CaptureReader {
 public:
  bool read(std::string_view line, CapturedLine& out) override {
    out.clear();
    if (line.empty() || line.starts_with("wss://") || line.starts_with("ws://")) return true;
    const std::size_t colon = line.find(": ");
    TimeNs time{0};
    if (colon == std::string_view::npos || !read_seconds(line.substr(0, colon), time)) {
      return refuse("does not begin with a time and ': '");
    }
    const std::string_view json = line.substr(colon + 2);
    dom::element root;
    if (parser_.parse(json.data(), json.size(), false).get(root) != simdjson::SUCCESS) {
      return refuse("is not one JSON text after its time");
    }
    dom::array parts;
    if (root.get(parts) != simdjson::SUCCESS) return true;  // an event: status, heartbeat
    return read_data(parts, time, out);
  }

 private:
  bool read_data(dom::array parts, TimeNs time, CapturedLine& out) {
    const std::size_t count = parts.size();
    std::string_view channel;
    std::string_view pair;
    if (count < 4 || parts.at(count - 2).get(channel) != simdjson::SUCCESS ||
        parts.at(count - 1).get(pair) != simdjson::SUCCESS) {
      return refuse("is no message of a channel");
    }
    if (channel == "trade") return read_trades(parts.at(1), pair, time, out);
    if (!channel.starts_with("book-")) return true;
    CapturedMessage& message = out.add(CapturedMessage::Kind::update, time);
    message.symbol = pair;
    if (!read_integer(channel.substr(5), message.depth)) return refuse("has a book of no depth");
    for (std::size_t i = 1; i + 2 < count; ++i) {
      dom::object part;
      if (parts.at(i).get(part) != simdjson::SUCCESS) return refuse("has a book that is no object");
      for (const auto [key, value] : part) {
        if (key == "c") {
          std::string_view text;
          std::uint32_t checksum = 0;
          if (value.get(text) != simdjson::SUCCESS || !read_integer(text, checksum)) {
            return refuse("has a checksum that is no number");
          }
          message.checksum = checksum;
          continue;
        }
        if (key != "a" && key != "b" && key != "as" && key != "bs") continue;
        if (key.size() == 2) message.kind = CapturedMessage::Kind::snapshot;
        if (!read_levels(value, key[0] == 'b' ? Side::buy : Side::sell, message)) return false;
      }
    }
    return true;
  }

  bool read_levels(dom::element value, Side side, CapturedMessage& message) {
    dom::array levels;
    if (value.get(levels) != simdjson::SUCCESS) return refuse("has levels that are no list");
    for (const dom::element pair : levels) {
      std::string_view price;
      std::string_view size;
      if (!read_pair(pair, price, size) || !add_level(price, size, side, message)) {
        return refuse("has a level that is no two numbers");
      }
      // The checksum is about the digits that were sent: all of a pair have as many decimals.
      message.price_decimals = decimals_of(price);
      message.size_decimals = decimals_of(size);
    }
    return true;
  }

  // [["price", "volume", "time", "b" or "s", ...], ...]
  bool read_trades(dom::element value, std::string_view pair, TimeNs time, CapturedLine& out) {
    CapturedMessage& message = out.add(CapturedMessage::Kind::trades, time);
    message.symbol = pair;
    dom::array trades;
    if (value.get(trades) != simdjson::SUCCESS) return refuse("has trades that are no list");
    for (const dom::element one : trades) {
      CapturedTrade trade;
      std::string_view price;
      std::string_view size;
      std::string_view side;
      if (!read_pair(one, price, size) || one.at(3).get(side) != simdjson::SUCCESS ||
          !read_price(price, trade.price) || !read_size(size, trade.size)) {
        return refuse("has a trade that is none");
      }
      trade.aggressor = side == "b" ? Side::buy : Side::sell;
      message.trades.push_back(trade);
    }
    return true;
  }

  dom::parser parser_;
};

}  // namespace

std::unique_ptr<CaptureReader> make_kraken_reader() { return std::make_unique<KrakenReader>(); }

}  // namespace bourse

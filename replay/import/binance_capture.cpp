// Recordings of Binance's combined streams: "<nanoseconds> <JSON>" per line; the REST snapshot of
// the book is a line of its own, without the name of its symbol.
#include "replay/import/capture_fields.h"  // read_pair, read_integer

namespace bourse {
namespace {

namespace dom = simdjson::dom;

class BinanceReader final : public CaptureReader {
 public:
  bool read(std::string_view line, CapturedLine& out) override {
    out.clear();
    if (line.empty()) return true;
    const std::size_t blank = line.find(' ');
    std::int64_t time = 0;
    if (blank == std::string_view::npos || !read_integer(line.substr(0, blank), time)) {
      return refuse("does not begin with a time in nanoseconds and a blank");
    }
    const std::string_view json = line.substr(blank + 1);
    dom::element root;
    if (parser_.parse(json.data(), json.size(), false).get(root) != simdjson::SUCCESS) {
      return refuse("is not one JSON text after its time");
    }
    if (!root.is_object()) return refuse("is no JSON object after its time");
    dom::element last;
    if (root["lastUpdateId"].get(last) == simdjson::SUCCESS) {
      CapturedMessage& message = out.add(CapturedMessage::Kind::snapshot, TimeNs{time});
      return read_id(last, message.last_id) && read_sides(root, "bids", "asks", message);
    }
    dom::element data;
    std::string_view stream;
    if (root["data"].get(data) != simdjson::SUCCESS ||
        root["stream"].get(stream) != simdjson::SUCCESS) {
      return true;  // an answer to a request
    }
    if (stream.find("@depth") != std::string_view::npos) return read_depth(data, TimeNs{time}, out);
    if (stream.ends_with("@trade")) return read_trade(data, TimeNs{time}, out);
    if (stream.ends_with("@bookTicker")) return read_ticker(data, TimeNs{time}, out);
    return true;
  }

 private:
  bool read_id(dom::element value, std::uint64_t& out) {
    return value.get(out) == simdjson::SUCCESS || refuse("has an id that is no number");
  }

  bool read_symbol(dom::element data, CapturedMessage& message) {
    std::string_view symbol;
    if (data["s"].get(symbol) != simdjson::SUCCESS) return refuse("names no symbol");
    message.symbol = symbol;
    return true;
  }

  bool read_sides(dom::element data, const char* bids, const char* asks, CapturedMessage& message) {
    for (const auto& [key, side] : {std::pair(bids, Side::buy), std::pair(asks, Side::sell)}) {
      dom::array levels;
      if (data[key].get(levels) != simdjson::SUCCESS) return refuse("has no list of levels");
      for (const dom::element pair : levels) {
        std::string_view price;
        std::string_view size;
        if (!read_pair(pair, price, size) || !add_level(price, size, side, message)) {
          return refuse("has a level that is no two numbers");
        }
      }
    }
    return true;
  }

  bool read_depth(dom::element data, TimeNs time, CapturedLine& out) {
    CapturedMessage& message = out.add(CapturedMessage::Kind::update, time);
    dom::element first;
    dom::element last;
    if (data["U"].get(first) != simdjson::SUCCESS || data["u"].get(last) != simdjson::SUCCESS) {
      return refuse("is an update without its ids");
    }
    return read_symbol(data, message) && read_id(first, message.first_id) &&
           read_id(last, message.last_id) && read_sides(data, "b", "a", message);
  }

  bool read_trade(dom::element data, TimeNs time, CapturedLine& out) {
    CapturedMessage& message = out.add(CapturedMessage::Kind::trades, time);
    CapturedTrade trade;
    std::string_view price;
    std::string_view size;
    bool buyer_rests = false;
    if (data["p"].get(price) != simdjson::SUCCESS || data["q"].get(size) != simdjson::SUCCESS ||
        data["t"].get(trade.id) != simdjson::SUCCESS ||
        data["m"].get(buyer_rests) != simdjson::SUCCESS || !read_price(price, trade.price) ||
        !read_size(size, trade.size)) {
      return refuse("has a trade that is none");
    }
    trade.aggressor = buyer_rests ? Side::sell : Side::buy;
    message.trades.push_back(trade);
    return read_symbol(data, message);
  }

  bool read_ticker(dom::element data, TimeNs time, CapturedLine& out) {
    CapturedMessage& message = out.add(CapturedMessage::Kind::quote, time);
    const auto side = [&](const char* price_key, const char* size_key, Side which) {
      std::string_view price;
      std::string_view size;
      CapturedLevel level{which, 0, 0};
      if (data[price_key].get(price) != simdjson::SUCCESS ||
          data[size_key].get(size) != simdjson::SUCCESS || !read_price(price, level.price) ||
          !read_size(size, level.size)) {
        return refuse("has a quote that is none");
      }
      message.levels.push_back(level);
      return true;
    };
    dom::element id;
    if (data["u"].get(id) != simdjson::SUCCESS) return refuse("is a quote without its id");
    return read_symbol(data, message) && read_id(id, message.last_id) &&
           side("b", "B", Side::buy) && side("a", "A", Side::sell);
  }

  dom::parser parser_;
};

}  // namespace

std::unique_ptr<CaptureReader> make_binance_reader() { return std::make_unique<BinanceReader>(); }

}  // namespace bourse

// Recordings of Coinbase's Advanced Trade websocket: one JSON object per line with what happened
// ("t"), where ("conn"), when ("ts", seconds) and the text that was received ("data"), JSON itself.
#include "replay/import/capture_fields.h"  // read_price, read_size, read_seconds

namespace bourse {
namespace {

namespace dom = simdjson::dom;

class CoinbaseReader final : public CaptureReader {
 public:
  bool read(std::string_view line, CapturedLine& out) override {
    out.clear();
    if (line.empty()) return true;
    dom::element root;
    if (outer_.parse(line.data(), line.size(), false).get(root) != simdjson::SUCCESS) {
      return refuse("is not one JSON text");
    }
    std::string_view what;
    if (root["t"].get(what) != simdjson::SUCCESS) return refuse("does not say what happened (t)");
    if (what != "recv") return true;
    std::string_view connection;
    std::string_view data;
    TimeNs time{0};
    if (root["conn"].get(connection) != simdjson::SUCCESS ||
        root["data"].get(data) != simdjson::SUCCESS || !read_time(line, time)) {
      return refuse("has no connection, time or text");
    }
    dom::element message;
    if (inner_.parse(data.data(), data.size(), true).get(message) != simdjson::SUCCESS) {
      return refuse("has a text that is not JSON");
    }
    std::string_view channel;
    std::uint64_t sequence = 0;
    if (message["channel"].get(channel) != simdjson::SUCCESS ||
        message["sequence_num"].get(sequence) != simdjson::SUCCESS) {
      return refuse("has a text without channel or sequence_num");
    }
    out.connection = connection;
    out.sequence = sequence;
    const bool is_book = channel == "l2_data";
    if (!is_book && channel != "market_trades") return true;
    dom::array events;
    if (message["events"].get(events) != simdjson::SUCCESS) return refuse("has no events");
    for (const dom::element event : events) {
      if (!(is_book ? read_book(event, time, out) : read_trades(event, time, out))) return false;
    }
    return true;
  }

 private:
  // As its digits are written: as a floating-point number it would lose the last of them.
  static bool read_time(std::string_view line, TimeNs& out) {
    constexpr std::string_view key = "\"ts\":";
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) return false;
    const std::string_view rest = line.substr(at + key.size());
    const std::size_t end = rest.find_first_not_of("0123456789.");
    return end != std::string_view::npos && read_seconds(rest.substr(0, end), out);
  }

  bool read_book(dom::element event, TimeNs time, CapturedLine& out) {
    std::string_view type;
    std::string_view product;
    dom::array updates;
    if (event["type"].get(type) != simdjson::SUCCESS ||
        event["product_id"].get(product) != simdjson::SUCCESS ||
        event["updates"].get(updates) != simdjson::SUCCESS) {
      return refuse("has a book without type, product_id or updates");
    }
    CapturedMessage& message = out.add(
        type == "snapshot" ? CapturedMessage::Kind::snapshot : CapturedMessage::Kind::update, time);
    message.symbol = product;
    for (const dom::element update : updates) {
      std::string_view side;
      std::string_view price;
      std::string_view size;
      if (update["side"].get(side) != simdjson::SUCCESS ||
          update["price_level"].get(price) != simdjson::SUCCESS ||
          update["new_quantity"].get(size) != simdjson::SUCCESS ||
          !add_level(price, size, side == "bid" ? Side::buy : Side::sell, message)) {
        return refuse("has a level that is none");
      }
    }
    return true;
  }

  // A snapshot of trades is older than the recording: it is the history of the product.
  bool read_trades(dom::element event, TimeNs time, CapturedLine& out) {
    std::string_view type;
    dom::array trades;
    if (event["type"].get(type) != simdjson::SUCCESS ||
        event["trades"].get(trades) != simdjson::SUCCESS) {
      return refuse("has trades without type or list");
    }
    if (type == "snapshot") return true;
    for (const dom::element one : trades) {
      std::string_view product;
      std::string_view id;
      std::string_view price;
      std::string_view size;
      std::string_view side;
      CapturedTrade trade;
      if (one["product_id"].get(product) != simdjson::SUCCESS ||
          one["trade_id"].get(id) != simdjson::SUCCESS ||
          one["price"].get(price) != simdjson::SUCCESS ||
          one["size"].get(size) != simdjson::SUCCESS ||
          one["side"].get(side) != simdjson::SUCCESS || !read_integer(id, trade.id) ||
          !read_price(price, trade.price) || !read_size(size, trade.size)) {
        return refuse("has a trade that is none");
      }
      // The venue names the maker's side.
      trade.aggressor = side == "BUY" ? Side::sell : Side::buy;
      CapturedMessage& message = out.add(CapturedMessage::Kind::trades, time);
      message.symbol = product;
      message.trades.push_back(trade);
    }
    return true;
  }

  dom::parser outer_;
  dom::parser inner_;
};

}  // namespace

std::unique_ptr<CaptureReader> make_coinbase_reader() { return std::make_unique<CoinbaseReader>(); }

}  // namespace bourse

// The messages of a recorded websocket: one line of the recording, read as what it says about books
// and trades, the same for every venue.
//   Shape:  a reader per venue (Kraken, Binance, Coinbase); the JSON by simdjson.
//   Units:  prices in 1e-9, sizes in 1e-8 of the base currency, exactly as their texts say;
//           decimals as the texts had them. Time: when the recorder received the line.
//   Owner:  one thread; messages are reused by the next read().
//   Errors: read() returns false for a line that is none of such a recording, and error() says why;
//           it takes any bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/types.h"  // Side, TimeNs

namespace bourse {

inline constexpr int capture_size_decimals = 8;

struct CapturedLevel {
  Side side = Side::none;
  std::int64_t price = 0;
  std::uint64_t size = 0;  // 0: the level is gone
};

struct CapturedTrade {
  Side aggressor = Side::none;
  std::int64_t price = 0;
  std::uint64_t size = 0;
  std::uint64_t id = 0;
};

struct CapturedMessage {
  enum class Kind : std::uint8_t { snapshot = 1, update = 2, trades = 3, quote = 4 };

  Kind kind = Kind::update;
  std::string symbol;  // empty: not said
  TimeNs time{0};
  std::vector<CapturedLevel> levels;  // quote: the best bid and ask
  std::vector<CapturedTrade> trades;
  std::uint64_t beyond = 0;  // levels whose price fits no journal: left out
  // Binance: the update ids that an update covers; first = last for snapshot and quote.
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  // Kraken.
  std::optional<std::uint32_t> checksum;
  std::size_t depth = 0;   // levels per side that the subscriber keeps; 0: all
  int price_decimals = 0;  // of the texts, which the checksum is about
  int size_decimals = 0;
};

struct CapturedLine {
  std::vector<CapturedMessage> messages;
  std::size_t count = 0;  // of messages that this line had; the others are old
  // Coinbase: counts every line of a connection.
  std::optional<std::uint64_t> sequence;
  std::string connection;

  CapturedMessage& add(CapturedMessage::Kind kind, TimeNs time);
  void clear();
};

class CaptureReader {
 public:
  CaptureReader() = default;
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;
  virtual ~CaptureReader() = default;

  // `line` has 64 readable bytes behind it.
  virtual bool read(std::string_view line, CapturedLine& out) = 0;
  const std::string& error() const { return error_; }

 protected:
  bool refuse(std::string why) {
    error_ = std::move(why);
    return false;
  }

 private:
  std::string error_;
};

std::unique_ptr<CaptureReader> make_kraken_reader();
std::unique_ptr<CaptureReader> make_binance_reader();
std::unique_ptr<CaptureReader> make_coinbase_reader();

}  // namespace bourse

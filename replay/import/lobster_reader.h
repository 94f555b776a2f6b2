// LOBSTER's two files: what happened to a book, and the book after each of these messages.
//   Shape:  CSV without a header. Messages: time, type, order id, size, price, direction (further
//           columns are ignored). Rows: ask price, ask size, bid price, bid size for each level;
//           levels that are not there have price 9999999999 or -9999999999 and size 0.
//   Units:  ns since midnight, US Eastern time; prices in 1e-4 dollars; shares.
//   Owner:  one thread; the bytes outlive the reader.
//   Errors: next() says `failed` and error() names file, line and byte; nothing is read past it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "matching/types.h"  // Side
#include "replay/result.h"   // Error

namespace bourse {

enum class LobsterType : std::uint8_t {
  add = 1,
  reduce = 2,
  remove = 3,
  execute = 4,         // of a visible order
  execute_hidden = 5,  // the book stays as it is
  cross = 6,
  halt = 7,  // price -1: halted, 0: quoting, 1: trading
};

struct LobsterMessage {
  std::uint64_t time_ns;
  LobsterType type;
  std::uint64_t order;  // 0 = none told
  std::uint64_t shares;
  std::int64_t price;
  Side side;  // of the resting order
};

struct LobsterLevel {
  std::int64_t price;
  std::uint64_t shares;
  bool operator==(const LobsterLevel&) const = default;
};
struct LobsterRow {
  std::vector<LobsterLevel> bids;  // best first; those that are there
  std::vector<LobsterLevel> asks;
};

// Lines of a text, with or without \r, the last one with or without its end.
class LobsterLines {
 public:
  LobsterLines(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

  bool next(std::string_view& line);
  std::uint64_t number() const { return number_; }  // of the line, from 1
  std::uint64_t bytes_done() const { return at_; }
  Error fault(std::string what) const;  // of the current line

 private:
  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  std::size_t line_at_ = 0;
  std::uint64_t number_ = 0;
};

class LobsterMessages {
 public:
  enum class Next : std::uint8_t { message = 1, end = 2, failed = 3 };

  LobsterMessages(std::string_view text, std::string name) : lines_(text, std::move(name)) {}
  Next next(LobsterMessage& message);
  const Error& error() const { return error_; }  // REQUIRES: next() has said `failed`
  std::uint64_t number() const { return lines_.number(); }
  std::uint64_t bytes_done() const { return lines_.bytes_done(); }

 private:
  LobsterLines lines_;
  Error error_;
};

class LobsterRows {
 public:
  enum class Next : std::uint8_t { row = 1, end = 2, failed = 3 };
  static constexpr std::size_t levels_max = 1000;

  LobsterRows(std::string_view text, std::string name) : lines_(text, std::move(name)) {}
  Next next(LobsterRow& row);
  const Error& error() const { return error_; }  // REQUIRES: next() has said `failed`
  std::uint64_t number() const { return lines_.number(); }
  std::size_t levels() const { return levels_; }  // of every row; 0 = none read yet

 private:
  LobsterLines lines_;
  Error error_;
  std::size_t levels_ = 0;
};

}  // namespace bourse

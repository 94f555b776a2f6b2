// `bourse book SYMBOL --at-seq N | --at-ts T`: the book as it was.
//   Shape:   reads a journal, also of an exchange that is running; the book on stdout as a table
//            or one JSON object.
//   Owner:   the main thread.
//   Errors:  printed on stderr; a symbol or a time that the journal has not is usage, with the
//            nearest name or the range.
#pragma once

#include <cstdint>
#include <string>

namespace bourse {

struct BookArguments {
  std::string symbol;
  std::string journal = "journal";
  std::uint64_t sequence = 0;  // 0: `time`, or the head
  std::string time;            // nanoseconds since 1970, or 2026-01-30T14:30:00Z
  std::uint32_t depth = 10;    // levels of a side; 0 = all
  bool orders = false;         // each order instead of levels
  bool json = false;
};

int book_command(const BookArguments& arguments);

}  // namespace bourse

// `bourse tail SYMBOL`: watches a live market. A terminal shows the book and the trades; a pipe
// gets one line, or one JSON object, per tick.
//   Shape:   one connection, resumed at the next sequence after a break; ticks on stdout, talk on
//            stderr.
//   Owner:   the main thread.
//   Errors:  printed on stderr; unknown symbol or sequence: usage; no server: unreachable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bourse {

struct TailArguments {
  std::string symbol;
  std::string url;                    // empty: BOURSE_URL, else wss://127.0.0.1:9443
  std::uint64_t from_sequence = 0;    // 0 = live
  std::uint64_t count = 0;            // end after so many ticks; 0 = never
  std::string format;                 // lines or json; empty: the book on a terminal, else lines
  std::vector<std::string> channels;  // of lines and json; empty: trade and bbo
  std::string ca_file;                // PEM to trust
  bool insecure = false;              // any certificate; always so on loopback without ca_file
  bool reconnect = true;
};

int tail_command(const TailArguments& arguments);

}  // namespace bourse

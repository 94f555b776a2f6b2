// `bourse replay DIRECTORY`: prints a log, or executes it again and compares.
//   Shape:   one pass over what was asked for of the segment files, also of an exchange that is
//            running; transactions on stdout, the verdict of --verify there too, talk on stderr.
//   Owner:   the main thread.
//   Errors:  printed on stderr; a divergence is answer_is_no, damage data_damaged, a sequence that
//            the log has not is usage. What is whole before the damage is printed first.
#pragma once

#include <cstdint>
#include <string>

namespace bourse {

struct ReplayArguments {
  std::string directory;
  std::uint64_t from_sequence = 0;  // 0 = the earliest
  std::uint64_t to_sequence = 0;    // inclusive; 0 = the head
  std::string from_time;            // instead of a sequence: the first one that is not older
  std::string to_time;              // and the last one that is not younger
  bool verify = false;              // execute every command again and compare
  std::uint64_t from_snapshot = 0;  // verify from this one on; 0: from_sequence's, or the whole log
  std::string format;               // table, json or csv; empty: table, nothing with verify
};

int replay_command(const ReplayArguments& arguments);

}  // namespace bourse

// `bourse journal stats` and `bourse diff`: what a journal is about, and where two of them part.
//   Shape:   one pass, flat memory; table or one JSON object.
//   Owner:   the main thread.
//   Errors:  damage is data_damaged, after what was read before it; two journals that differ are
//            answer_is_no.
#pragma once

#include <string>

namespace bourse {

struct JournalStatsArguments {
  std::string directory;
  std::string format = "table";  // or json
  bool no_progress = false;
};

struct DiffArguments {
  std::string left;
  std::string right;
  std::string format = "table";  // or json
};

int journal_stats_command(const JournalStatsArguments& arguments);
int diff_command(const DiffArguments& arguments);

}  // namespace bourse

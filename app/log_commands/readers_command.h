// `bourse journal readers DIRECTORY [--forget NAME]`: for whom retention keeps segments.
//   Shape:   a table or one JSON object per reader: what it needs next, how far it is behind. May
//            be used beside a running exchange, which looks at the same files when it deletes.
//   Owner:   the main thread.
//   Errors:  a reader that is not registered is usage, with those that are.
#pragma once

#include <string>

namespace bourse {

struct ReadersArguments {
  std::string directory;
  std::string forget;            // empty: list
  std::string format = "table";  // or json
};

int journal_readers_command(const ReadersArguments& arguments);

}  // namespace bourse

// `bourse import itch FILE --journal DIR`: builds a journal from a Nasdaq day and checks it;
// `bourse import lobster MESSAGES ORDERBOOK --journal DIR`: the same of LOBSTER's files of a day.
// `bourse import dbn|binance|coinbase|kraken FILE... --journal DIR`: of recorded data.
//   Shape:   the summary goes to stdout as a table or as one JSON object; progress, one line, to
//            stderr, and only if both are terminals.
//   Owner:   the main thread. Ctrl-C ends the import; what was written until then is whole.
//   Errors:  ExitCode: answer_is_no if a check fails (unknown references, a crossed book, symbols
//            that the file does not have, rows of LOBSTER's book that are not ours), interrupted
//            after Ctrl-C, else that of the error.
#pragma once

#include <string>
#include <vector>

namespace bourse {

struct ImportArguments {
  std::string kind = "itch";  // of the file: itch, lobster, dbn, binance, coinbase, kraken
  std::string file;
  std::string rows;                     // lobster: the orderbook file
  std::vector<std::string> more_files;  // dbn and recordings: behind the first one
  std::string journal;
  std::string date;                  // YYYY-MM-DD; empty: as the name of the file has it
  std::vector<std::string> symbols;  // empty: all
  bool force = false;                // replace the journal that is there
  std::string format = "table";      // or json
};

int import_command(const ImportArguments& arguments);

}  // namespace bourse

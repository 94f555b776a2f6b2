// `bourse import dbn|binance|coinbase|kraken FILE... --journal DIR`, and what it says.
//   Shape:   as `bourse import itch`: a table or one JSON object on stdout, progress on stderr.
//   Owner:   the main thread.
//   Errors:  ExitCode: answer_is_no if a check fails, data_damaged if a file ends early (what is
//            before it was imported, and is said), interrupted after Ctrl-C, else that of the
//           error.
#pragma once

#include <string>

#include "app/log_commands/import_command.h"  // ImportArguments
#include "replay/import/feed_import.h"        // FeedImportReport

namespace bourse {

bool is_feed_kind(const std::string& kind);
// REQUIRES: is_feed_kind(arguments.kind).
int import_feed(const ImportArguments& arguments);

std::string feed_table(const FeedImportReport& report, const ImportArguments& arguments,
                       double seconds);
std::string feed_json(const FeedImportReport& report, const ImportArguments& arguments,
                      double seconds);

}  // namespace bourse

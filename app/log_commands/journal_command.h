// `bourse journal ls` and `verify`: what a journal is made of, and whether it is what it was.
//   Shape:   ls: one line per segment; verify: what is wrong, each fault with its file, bytes and
//            sequences, then the verdict. As a table, or as JSON lines {"segment"}, {"finding"} and
//            one last {"verdict"}. The exchange may be running on the directory.
//   Owner:   the main thread.
//   Errors:  damage is data_damaged, what the device does not give io_error: after everything else
//            has been looked at and reported.
#pragma once

#include <string>

namespace bourse {

struct JournalArguments {
  std::string directory;
  std::string format = "table";  // or json
  bool hash = false;             // ls: read every byte
  bool no_progress = false;
};

int journal_ls_command(const JournalArguments& arguments);
int journal_verify_command(const JournalArguments& arguments);

}  // namespace bourse

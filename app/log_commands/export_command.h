// `bourse export DIRECTORY --to FORMAT -o PATH`: writes a journal, or a part of it, in a format
// that other tools read, and beside it a manifest: PATH.manifest.json.
//   Shape:   files and manifest only; `-o -` writes to stdout and makes no manifest. One line of
//            summary on stderr, and progress if stdout and stderr are terminals.
//   Owner:   the main thread. Ctrl-C ends it and leaves no file.
//   Errors:  ExitCode of the error; see journal_export.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bourse {

struct ExportArguments {
  std::string directory = "journal";
  std::string format;
  std::string schema = "mbo";
  std::vector<std::string> symbols;
  std::string start;
  std::string end;
  std::uint64_t from_sequence = 0;  // 0: not said
  std::uint64_t to_sequence = 0;
  std::string split;  // symbol, day, size; empty: one file
  std::uint64_t split_bytes = std::uint64_t{1} << 30;
  std::uint64_t size_unit = 1;
  bool snapshot = false;
  bool pretty = false;
  bool force = false;
  bool no_progress = false;
  bool quiet = false;
  std::string output;
};

int export_command(const ExportArguments& arguments);

}  // namespace bourse

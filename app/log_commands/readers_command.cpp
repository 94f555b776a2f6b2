#include "app/log_commands/readers_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "app/config/settings.h"            // nearest
#include "app/terminal/complaint.h"         // complain, wants_json
#include "app/terminal/json_text.h"         // json_text
#include "replay/log/log.h"                 // Log
#include "replay/log/registered_readers.h"  // registered_readers, forget_reader

namespace bourse {
namespace {

int forget(const ReadersArguments& arguments, const std::vector<RegisteredReader>& readers) {
  if (std::ranges::find(readers, arguments.forget, &RegisteredReader::name) == readers.end()) {
    std::vector<std::string> names;
    for (const RegisteredReader& reader : readers) names.push_back(reader.name);
    const std::string near = nearest(arguments.forget, names);
    return complain("journal readers",
                    {.code = ExitCode::usage,
                     .what = fmt::format("there is no reader '{}'", arguments.forget),
                     .where = arguments.directory,
                     .next = !near.empty()   ? fmt::format("did you mean {}?", near)
                             : names.empty() ? "none is registered"
                                             : fmt::format("for example {}", names.front())});
  }
  const auto gone = forget_reader(posix_disk(), arguments.directory, arguments.forget);
  if (!gone) return complain("journal readers", gone.error());
  fmt::print("forgotten: {}. Retention no longer waits for it\n", arguments.forget);
  return static_cast<int>(std::fflush(stdout) == 0 ? ExitCode::ok : ExitCode::io_error);
}

}  // namespace

int journal_readers_command(const ReadersArguments& arguments) {
  const auto json = wants_json("journal readers", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  LogOptions options;
  options.directory = arguments.directory;
  options.read_only = true;
  const auto log = Log::open(options);
  if (!log) return complain("journal readers", log.error());
  const auto readers = registered_readers(posix_disk(), arguments.directory);
  if (!readers) return complain("journal readers", readers.error());
  if (!arguments.forget.empty()) return forget(arguments, *readers);
  const std::uint64_t head = (*log)->released_sequence().value();
  const std::uint64_t first = (*log)->earliest_sequence().value();
  if (!*json) {
    fmt::print("{:<24} {:>16} {:>16}   sequences {} to {} are there\n", "reader", "needs", "behind",
               first, head);
  }
  for (const RegisteredReader& reader : *readers) {
    const std::uint64_t needs = std::max<std::uint64_t>(reader.needs.value(), 1);
    const std::uint64_t behind = head + 1 - std::min(needs, head + 1);
    if (*json) {
      fmt::print(R"({{"reader":{},"needs":{},"behind":{},"is_there":{}}})"
                 "\n",
                 json_text(reader.name), needs, behind, needs >= first);
    } else {
      fmt::print("{:<24} {:>16} {:>16}{}\n", reader.name, needs, behind,
                 needs >= first ? "" : "   what it needs was deleted");
    }
  }
  if (readers->empty() && !*json) fmt::print("none is registered\n");
  return static_cast<int>(std::fflush(stdout) == 0 ? ExitCode::ok : ExitCode::io_error);
}

}  // namespace bourse

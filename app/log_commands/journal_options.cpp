#include "app/log_commands/journal_options.h"

#include <CLI/CLI.hpp>
#include <string>

#include "app/log_commands/journal_command.h"        // journal_ls_command, journal_verify_command
#include "app/log_commands/journal_keep_commands.h"  // journal_compact_command ...
#include "app/log_commands/journal_read_commands.h"  // journal_stats_command, diff_command
#include "app/log_commands/readers_command.h"        // journal_readers_command

namespace bourse {
namespace {

void add_ls(CLI::App& journal, std::function<int()>& run) {
  CLI::App* ls = journal.add_subcommand("ls", "its segments: sequences, times, bytes, state");
  static JournalArguments arguments;
  ls->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  ls->add_flag("--hash", arguments.hash, "read every byte and compare the hashes");
  ls->add_option("--format", arguments.format, "table or json");
  ls->add_flag("--no-progress", arguments.no_progress, "no line about it on a terminal");
  ls->callback([&run] { run = [] { return journal_ls_command(arguments); }; });
}

void add_verify(CLI::App& journal, std::function<int()>& run) {
  CLI::App* verify = journal.add_subcommand(
      "verify", "every checksum, index and hash and the chain; goes on behind damage");
  static JournalArguments arguments;
  verify->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  verify->add_option("--format", arguments.format, "table or json");
  verify->add_flag("--no-progress", arguments.no_progress, "no line about it on a terminal");
  verify->callback([&run] { run = [] { return journal_verify_command(arguments); }; });
}

void add_stats(CLI::App& journal, std::function<int()>& run) {
  CLI::App* stats = journal.add_subcommand("stats", "what is in it: counts, rates, sizes, symbols");
  static JournalStatsArguments arguments;
  stats->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  stats->add_option("--format", arguments.format, "table or json");
  stats->add_flag("--no-progress", arguments.no_progress, "no line about it on a terminal");
  stats->callback([&run] { run = [] { return journal_stats_command(arguments); }; });
}

void add_compact(CLI::App& journal, std::function<int()>& run) {
  CLI::App* compact = journal.add_subcommand(
      "compact", "compress sealed segments, delete those that retention does not keep");
  static CompactArguments arguments;
  compact->add_option("DIRECTORY", arguments.directory, "the journal; no exchange running on it")
      ->required();
  compact->add_option("--older-than", arguments.older_than_s,
                      "seconds since the last transaction of a segment; default: any age");
  compact->add_option("--retain-s", arguments.retain_s,
                      "delete what is older, if a snapshot covers it; default: nothing");
  compact->add_option("--retain-bytes", arguments.retain_bytes,
                      "delete the oldest above so many bytes, likewise; default: nothing");
  compact->add_option("--format", arguments.format, "table or json");
  compact->callback([&run] { run = [] { return journal_compact_command(arguments); }; });
}

void add_repair(CLI::App& journal, std::function<int()>& run) {
  CLI::App* repair =
      journal.add_subcommand("repair", "take what is damaged from another copy of the journal");
  static RepairArguments arguments;
  repair->add_option("DIRECTORY", arguments.directory, "the damaged journal")->required();
  repair->add_option("--from", arguments.from, "the copy; it is only read")->required();
  repair->add_option("--format", arguments.format, "table or json");
  repair->callback([&run] { run = [] { return journal_repair_command(arguments); }; });
}

void add_upgrade(CLI::App& journal, std::function<int()>& run) {
  CLI::App* upgrade =
      journal.add_subcommand("upgrade", "write it anew in the newest format, elsewhere");
  static UpgradeArguments arguments;
  upgrade->add_option("DIRECTORY", arguments.directory, "the journal; it is only read")->required();
  upgrade->add_option("--to", arguments.to, "a new directory")->required();
  upgrade->callback([&run] { run = [] { return journal_upgrade_command(arguments); }; });
}

void add_readers(CLI::App& journal, std::function<int()>& run) {
  CLI::App* readers =
      journal.add_subcommand("readers", "for whom retention keeps segments, and how far they are");
  static ReadersArguments arguments;
  readers->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  readers->add_option("--forget", arguments.forget, "remove this one: it needs nothing any more");
  readers->add_option("--format", arguments.format, "table or json");
  readers->callback([&run] { run = [] { return journal_readers_command(arguments); }; });
}

void add_diff(CLI::App& app, std::function<int()>& run) {
  CLI::App* diff = app.add_subcommand("diff", "where two journals part, field by field");
  static DiffArguments arguments;
  diff->add_option("LEFT", arguments.left, "a journal")->required();
  diff->add_option("RIGHT", arguments.right, "another one")->required();
  diff->add_option("--format", arguments.format, "table or json");
  diff->callback([&run] { run = [] { return diff_command(arguments); }; });
}

}  // namespace

void add_journal(CLI::App& app, std::function<int()>& run) {
  CLI::App* journal = app.add_subcommand("journal", "look after a journal");
  journal->require_subcommand(1);
  add_ls(*journal, run);
  add_verify(*journal, run);
  add_stats(*journal, run);
  add_compact(*journal, run);
  add_repair(*journal, run);
  add_upgrade(*journal, run);
  add_readers(*journal, run);
  add_diff(app, run);
}

}  // namespace bourse

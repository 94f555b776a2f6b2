#include "app/log_commands/history_options.h"

#include <CLI/CLI.hpp>

#include "app/log_commands/book_command.h"      // book_command
#include "app/log_commands/snapshot_command.h"  // snapshot_command

namespace bourse {

void add_book(CLI::App& app, std::function<int()>& run) {
  CLI::App* book = app.add_subcommand("book", "the book of a symbol as it was");
  static BookArguments arguments;
  book->add_option("SYMBOL", arguments.symbol, "for example BTC-USD")->required();
  book->add_option("--at-seq", arguments.sequence, "after this sequence; default: the head");
  book->add_option("--at-ts", arguments.time, "at this time: 2026-01-30T14:30:00Z, or nanoseconds");
  book->add_option("--depth", arguments.depth, "levels of a side, 0 = all; default: 10");
  book->add_flag("--l3", arguments.orders, "each order instead of levels");
  book->add_option("--journal", arguments.journal, "the journal; default: journal");
  book->add_flag("--json", arguments.json, "one JSON object");
  book->callback([&run] { run = [] { return book_command(arguments); }; });
}

void add_snapshot(CLI::App& app, std::function<int()>& run) {
  CLI::App* snapshot = app.add_subcommand("snapshot", "take a snapshot of a journal at rest");
  static SnapshotArguments arguments;
  snapshot->add_option("DIRECTORY", arguments.directory, "the journal")->required();
  snapshot->add_option("--at-seq", arguments.sequence, "after this sequence; default: the head");
  snapshot->add_option("--books-every", arguments.books_every,
                       "keyframes of the books instead, after so many transactions each");
  snapshot->add_flag("--list", arguments.list, "check and list those that are there instead");
  snapshot->callback([&run] { run = [] { return snapshot_command(arguments); }; });
}

}  // namespace bourse

#include "app/log_commands/data_options.h"

#include <CLI/CLI.hpp>

#include "app/log_commands/export_command.h"  // export_command
#include "app/log_commands/import_command.h"  // import_command

namespace bourse {

void add_export(CLI::App& app, std::function<int()>& run) {
  CLI::App* command = app.add_subcommand("export", "write a journal in a format that others read");
  static ExportArguments arguments;
  command->add_option("DIRECTORY", arguments.directory, "the journal; default: journal");
  command->add_option("--to", arguments.format,
                      "dbn, csv, tardis-csv, npy, jsonl; default: as the name of the output says");
  command->add_option("-o,--output", arguments.output, "file to write; .zst compresses; -: stdout")
      ->required();
  command->add_option(
      "--schema", arguments.schema,
      "mbo (default), mbp-1, mbp-10, trades, tbbo, bbo-1s, ohlcv-1s, -1m, -1h, -1d, "
      "definition, status, imbalance");
  command->add_option("--symbols", arguments.symbols, "A,B; default: all")->delimiter(',');
  command->add_option("--start", arguments.start, "first time: 2026-01-30T14:30:00Z, nanoseconds");
  command->add_option("--end", arguments.end, "end, not included; default: the head");
  command->add_option("--from-seq", arguments.from_sequence, "first sequence");
  command->add_option("--to-seq", arguments.to_sequence, "last sequence");
  command->add_option("--split-by", arguments.split, "symbol, day or size: a file each");
  command->add_option("--split-bytes", arguments.split_bytes,
                      "by size: bytes of a part before compression; default: 1 GiB");
  command->add_option("--size-unit", arguments.size_unit,
                      "dbn: lots per unit of size, for sizes above 32 bits; default: 1");
  command->add_flag("--snapshot", arguments.snapshot,
                    "mbo, definition: begin with the book or the definitions before the range");
  command->add_flag("--pretty", arguments.pretty,
                    "csv, jsonl: decimal prices and sizes, ISO times");
  command->add_flag("--force", arguments.force, "replace files that are there");
  command->add_flag("--no-progress", arguments.no_progress, "no line about it on a terminal");
  command->add_flag("--quiet", arguments.quiet, "no summary");
  command->callback([&run] { run = [] { return export_command(arguments); }; });
}

void add_import(CLI::App& app, std::function<int()>& run) {
  CLI::App* command = app.add_subcommand("import", "build a journal from a foreign feed");
  static ImportArguments arguments;
  static std::vector<std::string> files;
  command
      ->add_option("KIND", arguments.kind,
                   "of the files: itch, lobster, dbn, binance, coinbase or kraken")
      ->required();
  command
      ->add_option("FILE", files,
                   "Nasdaq TotalView-ITCH 5.0; LOBSTER's messages, then its orderbook; DBN files; "
                   "recordings of a websocket")
      ->required();
  command->add_option("--journal", arguments.journal, "directory to write")->required();
  command->add_option("--date", arguments.date, "YYYY-MM-DD; default: from the name of the file");
  command->add_option("--symbols", arguments.symbols, "A,B; default: all")->delimiter(',');
  command->add_flag("--force", arguments.force, "replace the journal that is there");
  command->add_option("--format", arguments.format, "table or json");
  command->callback([&run] {
    run = [] {
      arguments.file = files.front();
      arguments.more_files.assign(files.begin() + 1, files.end());
      if (arguments.kind == "lobster" && !arguments.more_files.empty()) {
        arguments.rows = arguments.more_files.front();
        arguments.more_files.erase(arguments.more_files.begin());
      }
      return import_command(arguments);
    };
  });
}

}  // namespace bourse

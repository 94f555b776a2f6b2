#include "app/log_commands/export_command.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "app/log_commands/export_manifest.h"  // export_manifest
#include "app/terminal/complaint.h"            // complain
#include "app/terminal/interrupt_guard.h"      // InterruptGuard
#include "app/terminal/progress_line.h"        // ProgressLine
#include "replay/export/journal_export.h"      // export_journal
#include "replay/export/output_file.h"         // OutputFile
#include "replay/text/time_text.h"             // parse_time

namespace bourse {
namespace {

Result<std::optional<TimeNs>> time_of(const std::string& text, const char* flag) {
  if (text.empty()) return std::optional<TimeNs>();
  const auto time = parse_time(text);
  if (time) return time;
  return fail(ExitCode::usage, fmt::format("{} {} is no time", flag, text), "",
              "2026-01-30, 2026-01-30T14:30:00Z, or nanoseconds since 1970");
}

// The format that the name of the output says, if no other was asked for.
std::string format_of(const ExportArguments& arguments) {
  if (!arguments.format.empty()) return arguments.format;
  std::filesystem::path path = arguments.output;
  if (path.extension() == ".zst") path = path.stem();
  const std::string extension = path.extension().string();
  return extension.empty() ? extension : extension.substr(1);
}

Result<ExportSplit> split_of(const std::string& text) {
  if (text.empty()) return ExportSplit::none;
  if (text == "symbol") return ExportSplit::symbol;
  if (text == "day") return ExportSplit::day;
  if (text == "size") return ExportSplit::size;
  return fail(ExitCode::usage, fmt::format("cannot split by '{}'", text), "",
              "symbol, day or size");
}

Result<ExportOptions> options_of(const ExportArguments& arguments) {
  ExportOptions options;
  const auto format = parse_export_format(format_of(arguments));
  if (!format) {
    return fail(ExitCode::usage, fmt::format("'{}' is no format", format_of(arguments)), "",
                fmt::format("--to {}", export_formats_text));
  }
  const auto schema = parse_export_schema(arguments.schema);
  if (!schema) {
    return fail(ExitCode::usage, fmt::format("'{}' is no schema", arguments.schema), "",
                std::string(export_schemas_text));
  }
  const auto start = time_of(arguments.start, "--start");
  if (!start) return std::unexpected(start.error());
  const auto end = time_of(arguments.end, "--end");
  if (!end) return std::unexpected(end.error());
  const auto split = split_of(arguments.split);
  if (!split) return std::unexpected(split.error());
  const auto sequence = [](std::uint64_t value) {
    return value == 0 ? std::nullopt : std::optional(Sequence{value});
  };
  options.format = *format;
  options.schema = *schema;
  options.range = {sequence(arguments.from_sequence), sequence(arguments.to_sequence), *start,
                   *end};
  options.symbols = arguments.symbols;
  options.snapshot = arguments.snapshot;
  options.pretty = arguments.pretty;
  options.size_unit = arguments.size_unit;
  options.files = {.path = arguments.output,
                   .split = *split,
                   .split_bytes = arguments.split_bytes,
                   .replace = arguments.force};
  return options;
}

Result<void> write_manifest(const ExportReport& report, const Log& log, const std::string& path) {
  const auto text = export_manifest(report, log);
  if (!text) return std::unexpected(text.error());
  auto file = OutputFile::create(path, true);
  if (!file) return std::unexpected(file.error());
  (*file)->buffer() += *text;
  if (!(*file)->finish()) return std::unexpected((*file)->error());
  return {};
}

}  // namespace

int export_command(const ExportArguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  const auto options = options_of(arguments);
  if (!options) return complain("export", options.error());
  const auto log = Log::open({.directory = arguments.directory, .read_only = true});
  if (!log) return complain("export", log.error());
  for (const std::string& warning : (*log)->recovery().warnings) {
    fmt::print(stderr, "bourse export: {}\n", warning);
  }
  const auto report = [&] {
    const InterruptGuard guard;
    std::unique_ptr<ProgressLine> line;
    std::uint64_t shown = 0;
    return export_journal(**log, *options, [&](const ExportProgress& progress) {
      if (progress.bytes_total != 0) {
        if (line == nullptr) {
          line = std::make_unique<ProgressLine>("exporting", progress.bytes_total,
                                                !arguments.no_progress);
        }
        line->add(progress.bytes_done - shown);
        shown = progress.bytes_done;
      }
      return !InterruptGuard::is_interrupted();
    });
  }();
  if (!report) return complain("export", report.error());
  if (arguments.output != "-") {
    const auto written = write_manifest(*report, **log, arguments.output + ".manifest.json");
    if (!written) return complain("export", written.error());
  }
  if (!arguments.quiet) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    fmt::print(stderr,
               "{} rows of {} transactions ({} events), sequences {} to {}, {:.2f} s, "
               "{:.2f} M events/s\n",
               report->rows, report->survey.transactions, report->events,
               report->survey.first.value(), report->survey.last.value(), seconds,
               static_cast<double>(report->events) / 1e6 / seconds);
    if (report->left_out != 0) {
      fmt::print(stderr,
                 "bourse export: {} busts of trades are not in it: the format has no row "
                 "for them\n",
                 report->left_out);
    }
  }
  return 0;
}

}  // namespace bourse

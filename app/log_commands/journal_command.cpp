#include "app/log_commands/journal_command.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string_view>

#include "app/terminal/complaint.h"      // complain, wants_json
#include "app/terminal/json_text.h"      // json_text
#include "app/terminal/progress_line.h"  // ProgressLine
#include "replay/text/time_text.h"       // time_text
#include "replay/upkeep/log_check.h"     // check_log

namespace bourse {
namespace {

std::string_view state_of(const SegmentCheck& segment) {
  if (segment.name.compressed) return "compressed";
  return segment.name.sealed ? "sealed" : "open";
}

std::string_view word(const std::optional<bool>& answer) {
  if (!answer) return "-";
  return *answer ? "ok" : "BAD";
}

std::string_view json_word(const std::optional<bool>& answer) {
  if (!answer) return "null";
  return *answer ? "true" : "false";
}

std::string_view kind_name(FindingKind kind) {
  switch (kind) {
    case FindingKind::note:
      return "note";
    case FindingKind::damage:
      return "damage";
    case FindingKind::unreadable:
      return "unreadable";
  }
  return {};
}

void print_segment_row(const SegmentCheck& segment) {
  const bool is_empty = segment.last_sequence < segment.name.base;
  fmt::print(
      "{:>6}  {:>14}  {:>14}  {:<30}  {:<30}  {:>13}  {:<10}  {:<4}  {}\n",
      segment.header ? std::to_string(segment.header->number) : "?", segment.name.base.value(),
      is_empty ? "-" : std::to_string(segment.last_sequence.value()),
      is_empty ? "-" : time_text(segment.first_time), is_empty ? "-" : time_text(segment.last_time),
      segment.file_bytes, state_of(segment), word(segment.hash_sound), to_string(segment.name));
}

void print_segment_json(const SegmentCheck& segment) {
  fmt::print(
      R"({{"segment":{},"number":{},"base_sequence":{},"last_sequence":{},"first_time":"{}",)"
      R"("last_time":"{}","epoch":{},"bytes":{},"state":"{}","transactions":{},)"
      R"("records_sound":{},"index_sound":{},"hash_sound":{}}})"
      "\n",
      json_text(to_string(segment.name)),
      segment.header ? std::to_string(segment.header->number) : "null", segment.name.base.value(),
      segment.last_sequence.value(), time_text(segment.first_time), time_text(segment.last_time),
      segment.name.epoch.value(), segment.file_bytes, state_of(segment),
      segment.records_sound ? std::to_string(segment.transactions) : "null",
      json_word(segment.records_sound), json_word(segment.index_sound),
      json_word(segment.hash_sound));
}

std::string finding_line(const Finding& finding) {
  std::string line = fmt::format("{}: ", kind_name(finding.kind));
  if (!finding.file.empty()) {
    line += finding.file;
    if (finding.to_byte > finding.from_byte) {
      line += fmt::format(", bytes {} to {}", finding.from_byte, finding.to_byte);
    }
    line += ": ";
  }
  line += finding.what;
  if (finding.first != Sequence{0}) {
    line += fmt::format(" (sequences {} to {})", finding.first.value(), finding.last.value());
  }
  return line;
}

void print_finding_json(const Finding& finding) {
  fmt::print(R"({{"finding":"{}","file":{},"from_byte":{},"to_byte":{},"first_sequence":{},)"
             R"("last_sequence":{},"what":{}}})"
             "\n",
             kind_name(finding.kind), json_text(finding.file), finding.from_byte, finding.to_byte,
             finding.first.value(), finding.last.value(), json_text(finding.what));
}

std::string totals(const LogCheck& check) {
  const std::string before =
      check.deleted_to == Sequence{0}
          ? std::string()
          : fmt::format(", up to {} deleted on purpose", check.deleted_to.value());
  const std::size_t count = check.segments.size();
  const std::string segments = fmt::format("{} segment{}", count, count == 1 ? "" : "s");
  if (check.last == Sequence{0}) return segments;
  return fmt::format("{}, sequences {} to {}, {}{}", segments, check.first.value(),
                     check.last.value(), bytes_text(check.bytes), before);
}

void print_verdict(const LogCheck& check, bool json, double seconds) {
  std::size_t faults = 0;
  for (const Finding& finding : check.findings) faults += finding.kind != FindingKind::note;
  if (json) {
    fmt::print(
        R"({{"verdict":"{}","journal":"{}","segments":{},"first_sequence":{},"last_sequence":{},)"
        R"("deleted_to":{},"transactions":{},"bytes":{},"faults":{},"in_use":{},"seconds":{:.3f}}})"
        "\n",
        check.verdict() == ExitCode::ok             ? "sound"
        : check.verdict() == ExitCode::data_damaged ? "damaged"
                                                    : "unreadable",
        check.journal ? to_string(*check.journal) : "", check.segments.size(), check.first.value(),
        check.last.value(), check.deleted_to.value(), check.transactions, check.bytes, faults,
        check.in_use, seconds);
    return;
  }
  if (faults > 0) {
    fmt::print("{} faults in {}; nothing was changed\n", faults, totals(check));
    fmt::print("  mend it from another copy: bourse journal repair DIRECTORY --from COPY\n");
    return;
  }
  fmt::print("sound: {}\n", totals(check));
  fmt::print("  {} transactions, every checksum, index, hash and the chain of segments\n",
             check.transactions);
  fmt::print("  time             {:.2f} s\n", seconds);
}

Result<LogCheck> look(const JournalArguments& arguments, CheckDepth depth) {
  std::uint64_t total = 0;
  if (depth == CheckDepth::everything) {
    const auto bytes = check_bytes(posix_disk(), arguments.directory);
    if (!bytes) return std::unexpected(bytes.error());
    total = *bytes;
  }
  ProgressLine line("verifying", total, depth == CheckDepth::everything && !arguments.no_progress);
  return check_log(posix_disk(), arguments.directory, depth,
                   [&line](std::uint64_t bytes) { line.add(bytes); });
}

int finish(const LogCheck& check) {
  if (std::fflush(stdout) != 0) return static_cast<int>(ExitCode::io_error);
  return static_cast<int>(check.verdict());
}

}  // namespace

int journal_ls_command(const JournalArguments& arguments) {
  const auto json = wants_json("journal ls", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  const auto check = look(arguments, arguments.hash ? CheckDepth::everything : CheckDepth::ends);
  if (!check) return complain("journal ls", check.error());
  if (!*json) {
    fmt::print("{:>6}  {:>14}  {:>14}  {:<30}  {:<30}  {:>13}  {:<10}  {:<4}  {}\n", "number",
               "first", "last", "from", "to", "bytes", "state", "hash", "file");
  }
  for (const SegmentCheck& segment : check->segments) {
    *json ? print_segment_json(segment) : print_segment_row(segment);
  }
  for (const Finding& finding : check->findings) {
    fmt::print(stderr, "bourse journal ls: {}\n", finding_line(finding));
  }
  return finish(*check);
}

int journal_verify_command(const JournalArguments& arguments) {
  const auto json = wants_json("journal verify", arguments.format);
  if (!json) return static_cast<int>(ExitCode::usage);
  const auto start = std::chrono::steady_clock::now();
  const auto check = look(arguments, CheckDepth::everything);
  if (!check) return complain("journal verify", check.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (*json) {
    for (const SegmentCheck& segment : check->segments) print_segment_json(segment);
  }
  for (const Finding& finding : check->findings) {
    if (*json) {
      print_finding_json(finding);
    } else {
      fmt::print("{}\n", finding_line(finding));
    }
  }
  print_verdict(*check, *json, took.count());
  return finish(*check);
}

}  // namespace bourse

// bourse-bench: what `bourse bench ...` becomes. Runs the suites that were asked for, prints their
// tables, writes the report and compares two of them.

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure/arguments.h"     // Arguments
#include "bench/report/compare.h"        // compare
#include "bench/report/expect.h"         // parse_expect, check, parse_time
#include "bench/report/hgrm.h"           // hgrm_text
#include "bench/report/report_html.h"    // report_html
#include "bench/report/report_json.h"    // report_json, read_report
#include "bench/report/report_table.h"   // section_table
#include "bench/suites/suite.h"          // suites
#include "bench/suites/suite_process.h"  // run_in_process
#include "bench/twins/raw_flush.h"       // measure_raw_flush

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double shortest_run_s = 0.25;
constexpr double plan_share = 0.75;  // of the limit: a busy machine takes longer than planned
constexpr double suite_grace_s = 60, all_grace_s = 60;  // from the limits until a suite is killed

constexpr const char* usage =
    "usage: bourse bench SUITE [options]\n"
    "       bourse bench compare BEFORE.json AFTER.json\n"
    "\n"
    "Examples\n"
    "  bourse bench all                       everything, about seven minutes\n"
    "  bourse bench wire --rate 1000,10000    an order over wss to its tick at subscribers\n"
    "  bourse bench pipeline --expect 'p99<250us'   exit code 10 if it is not so\n"
    "\n"
    "Suites\n"
    "  book      a command into the engine, beside std::map behind a mutex\n"
    "  log       a transaction until it is durable, beside write + fsync for each\n"
    "  frame     a transaction until its frame is encoded and read\n"
    "  pipeline  from a gate to a client over TLS in one process, stage by stage\n"
    "  replay    a log read, verified and executed again\n"
    "  wire      an order over wss to its tick at N subscribers, `bourse serve` a process of its "
    "own\n"
    "  all       all of them\n"
    "\n"
    "Options\n"
    "  --rate R,R,...        per second; default: the suite's own\n"
    "  --clients N,N,...     subscribers of wire\n"
    "  --only PART           of wire: rates, curves, subscribers, storm, laggards or fanout; may "
    "be "
    "repeated\n"
    "  --duration TIME       of a run (1s); --warm-up TIME before it, not counted (500ms)\n"
    "  --runs N              (5) medians are of them, and fewer cannot be compared\n"
    "  --durability LEVEL    memory or disk; default: both\n"
    "  --seed N              of the flow (23)\n"
    "  --bound TIME          of p99.9 in the search for the highest rate\n"
    "  --limit TIME          for all suites together (12min): runs and curves that no longer fit "
    "are\n"
    "                        left out, and a minute later what still runs is given up\n"
    "  --no-curves           without cost curves and that search\n"
    "  --expect BOUND        'p99<250us', 'wire:p99.9<=2ms', 'reached>=99%'; may be repeated\n"
    "  --out DIR             report.json, report.html, *.svg, *.hgrm (bench-report)\n"
    "  --directory DIR       of logs while they are measured; on the disk to be measured\n"
    "  --exchange FILE       the executable `bourse` (that beside this one)\n"
    "  --quick               one run of a tenth of a second: does it work?\n"
    "  --no-progress\n";

constexpr std::string_view wire_parts[] = {"rates", "curves",   "subscribers",
                                           "storm", "laggards", "fanout"};

struct Asked {
  std::vector<const Suite*> suites;
  SuiteOptions options;
  std::vector<Expect> expects;
  double limit_s = 0;  // of all suites together
  std::filesystem::path out;
  bool wants_progress = true;
};

template <class T>
T take(const Arguments& arguments, Result<T> result) {
  if (!result) arguments.give_up(result.error().text());
  return std::move(*result);
}

void parse_suites(Arguments& arguments, Asked& asked) {
  const std::vector<std::string> words = arguments.words();
  arguments.finish();
  if (words.size() != 1) arguments.give_up("name one suite, or compare");
  for (const Suite& suite : suites)
    if (words[0] == suite.name || words[0] == "all") asked.suites.push_back(&suite);
  if (asked.suites.empty()) arguments.give_up("there is no suite " + words[0]);
}

double planned_seconds(const Asked& asked) {
  double planned = 0;
  for (const Suite* suite : asked.suites) planned += suite->seconds(asked.options);
  return planned;
}

// Shorter runs rather than fewer: fewer than five cannot be compared.
void shorten_to_fit(Asked& asked) {
  SuiteOptions& options = asked.options;
  while (options.seconds > shortest_run_s && planned_seconds(asked) > plan_share * asked.limit_s) {
    options.seconds = std::max(shortest_run_s, 0.8 * options.seconds);
    options.warm_up *= 0.8;
  }
}

Asked parse(Arguments& arguments, const std::filesystem::path& self) {
  Asked asked;
  SuiteOptions& options = asked.options;
  const bool is_quick = arguments.flag("--quick");
  options.rates = arguments.numbers("--rate");
  for (const double clients : arguments.numbers("--clients"))
    options.clients.push_back(static_cast<std::uint32_t>(std::max(1.0, std::round(clients))));
  constexpr double s = 1e9;
  const auto seconds = [&](const char* name, const char* otherwise) {
    return take(arguments, parse_time(arguments.text(name).value_or(otherwise), s)) / s;
  };
  const bool may_be_shortened = !arguments.has("--duration") && !is_quick;
  options.seconds = seconds("--duration", is_quick ? "100ms" : "1s");
  options.warm_up = seconds("--warm-up", is_quick ? "20ms" : "500ms");
  asked.limit_s = seconds("--limit", "12min");
  options.runs = arguments.number("--runs", is_quick ? 1 : 5);
  options.seed = arguments.number("--seed", options.seed);
  if (const auto bound = arguments.text("--bound"))
    options.bound_ns = take(arguments, parse_time(*bound, 0));
  options.curves = !arguments.flag("--no-curves") && !is_quick;
  if (const auto level = arguments.text("--durability")) {
    if (*level != "memory" && *level != "disk")
      arguments.give_up("--durability is memory or disk, not " + *level);
    options.durabilities = {*level == "disk" ? Durability::disk : Durability::memory};
  }
  for (const std::string& part : arguments.texts("--only")) {
    if (std::ranges::find(wire_parts, part) == std::end(wire_parts))
      arguments.give_up("wire has no part " + part);
    options.parts.push_back(part);
  }
  for (const std::string& text : arguments.texts("--expect"))
    asked.expects.push_back(take(arguments, parse_expect(text)));
  asked.out = arguments.text("--out").value_or("bench-report");
  options.directory = arguments.text("--directory").value_or((asked.out / "log").string());
  options.exchange = arguments.text("--exchange").value_or("");
  if (options.exchange.empty()) {
    options.exchange = self.parent_path() / "bourse";
    if (!std::filesystem::exists(options.exchange))
      options.exchange = self.parent_path() / "../app/bourse";
  }
  asked.wants_progress = !arguments.flag("--no-progress");
  parse_suites(arguments, asked);
  options.directory = std::filesystem::absolute(options.directory);
  if (may_be_shortened) shorten_to_fit(asked);
  return asked;
}

std::string utc_now() {
  const time_t now = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush())
    return fail(ExitCode::cannot_create, "cannot be written", path.string(),
                "name another folder with --out");
  return {};
}

// "engine 100,000/s" -> "engine-100000"
std::string file_name(std::string_view row) {
  std::string out;
  for (const char c : row) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += c;
    else if (c != ',' && !out.empty() && out.back() != '-')
      out += '-';
  }
  if (out.ends_with("-s")) out.resize(out.size() - 2);
  return out;
}

Result<void> write_files(const BenchReport& report, const std::filesystem::path& folder) {
  std::vector<std::pair<std::string, std::string>> files = {{"report.json", report_json(report)},
                                                            {"report.html", report_html(report)}};
  for (const Section& section : report.sections) {
    if (!section.rows.empty()) files.emplace_back(section.name + ".svg", percentile_plot(section));
    for (const LatencyRow& row : section.rows)
      files.emplace_back(section.name + "-" + file_name(row.name) + ".hgrm",
                         hgrm_text(row.latency));
  }
  for (const auto& [name, text] : files)
    if (auto written = write_file(folder / name, text); !written) return written;
  return {};
}

int complain(const Error& error) {
  fmt::print(stderr, "bourse bench: {}\n", error.text());
  return static_cast<int>(error.code);
}

// What one flush of the disk costs before anything of ours is there.
Result<void> note_raw_flush(Machine& machine, const std::filesystem::path& directory) {
  auto samples = measure_raw_flush(directory, {.count = 200});
  if (!samples) return std::unexpected(samples.error());
  const Percentiles flush(std::move(*samples));
  machine.facts.emplace_back(
      "disk", fmt::format("{}: 4 KiB and fdatasync p50 {}, p99 {}", directory.string(),
                          ns_text(static_cast<double>(flush.at(50))),
                          ns_text(static_cast<double>(flush.at(99)))));
  return {};
}

// One after the other; each has a share of the time that is left. Returns the first failure: the
// others are reported all the same, and what failed says so where its figures would stand.
std::optional<Error> run_suites(const Asked& asked, Clock::time_point begin, BenchReport& report) {
  const auto after = [](double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  const double planned = planned_seconds(asked);
  const Clock::time_point end = begin + after(asked.limit_s);
  BenchProgress progress(planned, asked.wants_progress);
  std::optional<Error> failure;
  double done = 0;
  for (const Suite* suite : asked.suites) {
    const double own = suite->seconds(asked.options);
    const double left = std::chrono::duration<double>(end - Clock::now()).count();
    const auto ends = Clock::now() + after(std::max(left, 0.0) * own / (planned - done));
    progress.set_end(ends);
    const auto killed_at = std::min(ends + after(suite_grace_s), end + after(all_grace_s));
    auto section = run_in_process(*suite, asked.options, progress, killed_at);
    progress.suite_ended(done += own);
    progress.clear();
    if (!section) {
      complain(section.error());
      if (!failure) failure = section.error();
      section = Section{.name = std::string(suite->name),
                        .what = "no figures: " + section.error().text(),
                        .warnings = {"failed: " + section.error().text()}};
    }
    fmt::print("{}{}", section_head(*section), section_table(*section));
    std::fflush(stdout);
    report.sections.push_back(std::move(*section));
  }
  return failure;
}

int run(const Asked& asked, std::string command) {
  std::error_code error;
  std::filesystem::create_directories(asked.out, error);
  std::filesystem::create_directories(asked.options.directory, error);
  if (error)
    return complain({ExitCode::cannot_create, error.message(), asked.out.string(),
                     "name another folder with --out"});
  BenchReport report{
      .started = utc_now(), .command = std::move(command), .machine = look_at_machine()};
  if (auto flushed = note_raw_flush(report.machine, asked.options.directory); !flushed)
    return complain(flushed.error());
  const MachineWatch watch;
  const auto begin = std::chrono::steady_clock::now();
  fmt::print("{}\n{}", report.started, machine_table(report.machine));
  fmt::print("{} runs of {} s after {} s of warm-up, open loop, exact percentiles\n",
             asked.options.runs, asked.options.seconds, asked.options.warm_up);
  std::fflush(stdout);
  const auto failure = run_suites(asked, begin, report);
  std::filesystem::remove_all(asked.options.directory, error);
  const std::size_t known_warnings = report.machine.warnings.size();
  watch.finish(report.machine);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const Expect& expect : asked.expects) report.expects.push_back(check(expect, report));
  fmt::print("\n");
  for (std::size_t i = known_warnings; i < report.machine.warnings.size(); ++i)
    fmt::print("! {}\n", report.machine.warnings[i]);
  fmt::print("{}", expects_table(report));
  if (auto written = write_files(report, asked.out); !written) return complain(written.error());
  fmt::print("{:.0f} s; files: {}\n", report.seconds, (asked.out / "report.html").string());
  if (failure) return static_cast<int>(failure->code);
  const bool is_met = std::ranges::all_of(report.expects, &ExpectResult::is_met);
  return static_cast<int>(is_met ? ExitCode::ok : ExitCode::answer_is_no);
}

int compare_files(Arguments& arguments) {
  std::vector<std::string> words = arguments.words();
  arguments.finish();
  if (words.size() != 3) arguments.give_up("compare needs two report.json");
  const auto before = read_report(words[1]);
  if (!before) return complain(before.error());
  const auto after = read_report(words[2]);
  if (!after) return complain(after.error());
  const Comparison comparison = compare(*before, *after);
  fmt::print("{}", comparison_text(comparison));
  return static_cast<int>(comparison.verdict == Verdict::worse ? ExitCode::answer_is_no
                                                               : ExitCode::ok);
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  using namespace bourse;
  Arguments arguments(argc, argv, usage);
  if (argc > 1 && std::string_view(argv[1]) == "compare") return compare_files(arguments);
  std::string command = "bourse bench";
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  const Asked asked = parse(arguments, std::filesystem::read_symlink("/proc/self/exe"));
  return run(asked, std::move(command));
}

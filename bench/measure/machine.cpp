#include "bench/measure/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/terminal/build_info.h"  // build_info

namespace bourse {
namespace {

constexpr double foreign_share_most = 0.05;
constexpr double stolen_share_most = 0.01;
constexpr double clock_change_most = 0.10;
constexpr double load_most = 0.5;

std::string value_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t from = line.find_first_not_of(" \t:", key.size());
    return from == std::string::npos ? "unknown" : line.substr(from);
  }
  return "unknown";
}

std::string first_line(const char* file) {
  std::ifstream in(file);
  std::string line;
  return std::getline(in, line) && !line.empty() ? line : "unknown";
}

double cpu_seconds(int who) {
  rusage use{};
  ::getrusage(who, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

void warn_of_load(Machine& machine) {
  double load[1] = {0};
  if (::getloadavg(load, 1) != 1) return;
  machine.facts.emplace_back("load", fmt::format("{:.2f} at the start", load[0]));
  if (load[0] > load_most)
    machine.warnings.push_back(
        fmt::format("other work is running (load {:.2f}): figures are too low", load[0]));
}

}  // namespace

const std::string& Machine::fact(const std::string& name) const {
  static const std::string none;
  for (const auto& [key, value] : facts)
    if (key == name) return value;
  return none;
}

Machine look_at_machine() {
  Machine machine;
  const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);  // of the machine, also in a pinned thread
  utsname system{};
  ::uname(&system);
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  const std::string clock =
      first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  const BuildInfo& build = build_info();
  machine.facts = {
      {"cpu", value_of("/proc/cpuinfo", "model name")},
      {"cores", std::to_string(cores)},
      {"memory", value_of("/proc/meminfo", "MemTotal")},
      {"kernel", fmt::format("Linux {}", system.release)},
      {"governor", governor},
      {"boost", first_line("/sys/devices/system/cpu/cpufreq/boost")},
      {"two threads a core", first_line("/sys/devices/system/cpu/smt/active")},
      {"clock source", clock},
      {"pinned", "book and frame to core 0, fan-out to cores 0 and 1; nothing else"},
      {"isolated cores", first_line("/sys/devices/system/cpu/isolated")},
      {"compiler", std::string(build.compiler)},
      {"flags", std::string(build.flags)},
      {"commit", std::string(build.commit)},
  };
  if (cores < 2)
    machine.warnings.emplace_back("one core only: threads that should run at once take turns");
#ifndef NDEBUG
  machine.warnings.emplace_back("a debug or sanitized build: the figures mean nothing");
#endif
  if (governor != "unknown" && governor != "performance")
    machine.warnings.push_back(
        fmt::format("governor {}: the clock rate follows the load", governor));
  if (clock != "unknown" && clock != "tsc")
    machine.warnings.push_back(
        fmt::format("clock source {}: every reading of the time is a system call", clock));
  if (build.commit.ends_with("-dirty"))
    machine.warnings.emplace_back("built from files that no commit has");
  warn_of_load(machine);
  return machine;
}

std::string describe_machine() {
  const Machine machine = look_at_machine();
  std::ostringstream out;
  const std::string& governor = machine.fact("governor");
  out << "machine   " << machine.fact("cpu") << ", " << machine.fact("cores") << " cores, "
      << machine.fact("memory") << ", " << machine.fact("kernel")
      << (governor == "unknown" ? "" : ", governor " + governor) << "\n"
      << "build     " << machine.fact("compiler") << ", " << machine.fact("flags") << ", "
      << machine.fact("commit") << "\n";
  for (const std::string& warning : machine.warnings) out << "warning   " << warning << "\n";
  return out.str();
}

MachineWatch::Look MachineWatch::look() {
  Look now;
  std::ifstream stat("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0;
  if (stat >> name >> user >> nice >> system >> idle >> wait >> irq >> soft >> stolen) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    now.busy_s = (user + nice + system + irq + soft) / ticks;
    now.stolen_s = stolen / ticks;
  }
  now.own_s = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN);
  timespec clock{};
  ::clock_gettime(CLOCK_MONOTONIC, &clock);
  now.wall_s = static_cast<double>(clock.tv_sec) + static_cast<double>(clock.tv_nsec) / 1e9;
  now.mhz = std::atof(value_of("/proc/cpuinfo", "cpu MHz").c_str());
  return now;
}

MachineWatch::MachineWatch() : begin_(look()) {}

void MachineWatch::finish(Machine& machine) const {
  const Look end = look();
  const double all =
      (end.wall_s - begin_.wall_s) * static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  if (all <= 0) return;
  const double foreign = ((end.busy_s - begin_.busy_s) - (end.own_s - begin_.own_s)) / all;
  const double stolen = (end.stolen_s - begin_.stolen_s) / all;
  machine.facts.emplace_back("other processes",
                             fmt::format("{:.1f} % of all cores", 100 * std::max(foreign, 0.0)));
  machine.facts.emplace_back("stolen by the host", fmt::format("{:.1f} %", 100 * stolen));
  if (foreign > foreign_share_most)
    machine.warnings.push_back(fmt::format(
        "this machine was not quiet: other processes took {:.0f} % of all cores", 100 * foreign));
  if (stolen > stolen_share_most)
    machine.warnings.push_back(
        fmt::format("this machine was not quiet: its host took {:.0f} % away", 100 * stolen));
  if (begin_.mhz > 0 && std::abs(end.mhz - begin_.mhz) > clock_change_most * begin_.mhz)
    machine.warnings.push_back(
        fmt::format("the clock rate changed from {:.0f} to {:.0f} MHz", begin_.mhz, end.mhz));
}

bool pin_to_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

void use_all_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const auto cores = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1l));
  for (unsigned core = 0; core < cores; ++core) CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace bourse

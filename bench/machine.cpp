#include "bench/machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/build_info.h"  // build_info

namespace bourse {
namespace {

std::string value_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t from = line.find_first_not_of(" \t:", key.size());
    return from == std::string::npos ? "unknown" : line.substr(from);
  }
  return "unknown";
}

// How the processor chooses its frequency, where the system says so.
std::string governor() {
  std::ifstream in("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string name;
  return std::getline(in, name) ? ", governor " + name : "";
}

}  // namespace

std::string describe_machine() {
  std::ostringstream out;
  const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);  // of the machine, also in a pinned thread
  utsname system{};
  ::uname(&system);
  out << "machine   " << value_of("/proc/cpuinfo", "model name") << ", " << cores << " cores, "
      << value_of("/proc/meminfo", "MemTotal") << ", Linux " << system.release << governor() << "\n"
      << "build     " << build_info().compiler << ", " << build_info().flags << ", "
      << build_info().commit << "\n";
  if (cores < 2) {
    out << "warning   one core only: threads that should run at once take turns\n";
  }
#ifndef NDEBUG
  out << "warning   a debug or sanitized build: the figures mean nothing\n";
#endif
  double load[1] = {0};
  if (::getloadavg(load, 1) == 1 && load[0] > 0.5) {
    out << "warning   other work is running (load " << load[0] << "): figures are too low\n";
  }
  return out.str();
}

bool pin_to_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace bourse

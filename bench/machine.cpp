#include "bench/machine.h"

#include <sched.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

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

}  // namespace

std::string describe_machine() {
  std::ostringstream out;
  utsname system{};
  ::uname(&system);
  out << "machine   " << value_of("/proc/cpuinfo", "model name") << ", "
      << std::thread::hardware_concurrency() << " cores, " << value_of("/proc/meminfo", "MemTotal")
      << ", Linux " << system.release << "\n"
      << "build     " << build_info().compiler << ", " << build_info().flags << ", "
      << build_info().commit << "\n";
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

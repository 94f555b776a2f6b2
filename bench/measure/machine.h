// The machine a figure was measured on: printed above every table.
//   Shape:  facts and warnings as text; a watch that tells afterwards whether it was quiet.
//   Owner:  any thread; reads /proc and /sys.
//   Errors: what cannot be read is called unknown.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bourse {

struct Machine {
  std::vector<std::pair<std::string, std::string>> facts;  // name and value, in order
  std::vector<std::string> warnings;                       // what makes figures doubtful

  const std::string& fact(const std::string& name) const;  // empty if there is none
};

// Processor, cores, memory, kernel, clock, governor, compiler, flags and commit, and a warning for
// each thing that makes figures doubtful (an unoptimised or sanitized build, a busy machine).
Machine look_at_machine();
// The same as a few lines.
std::string describe_machine();

// Looks at the machine from its construction on.
class MachineWatch {
 public:
  MachineWatch();
  // Adds what other processes and the hypervisor took meanwhile, and how the clock rate moved.
  // `own`: this process and its ended children.
  void finish(Machine& machine) const;

 private:
  struct Look {
    double busy_s = 0;    // of all cores and processes
    double stolen_s = 0;  // by the hypervisor
    double own_s = 0;
    double wall_s = 0;
    double mhz = 0;  // of core 0; 0: unknown
  };
  static Look look();
  Look begin_;
};

// Keeps the calling thread on one core; false if the system does not let us.
bool pin_to_core(unsigned core);
void use_all_cores();  // again

}  // namespace bourse

// Two reports side by side, with a verdict that knows about noise.
//   Shape:  every row and figure that both have. A difference counts only if the runs of the one
//           lie beyond those of the other (Mann-Whitney, exact, two-sided, p < 0.01: with five runs
//           each, all of them) and the medians differ by more than `differs_least` and by more
//           than the section's twins do: their code is no part of the product, so what moves them
//           is the machine. Ratios to the twins are free of that.
//   Units:  `change` is new / old - 1 of the medians; worse is up for times, down for rates.
//   Owner:  pure functions.
#pragma once

#include <string>
#include <vector>

#include "bench/report/report.h"  // BenchReport

namespace bourse {

inline constexpr double differs_least = 0.05;
inline constexpr double chance_most = 0.01;

enum class Verdict : std::uint8_t { same = 1, better = 2, worse = 3, undecided = 4 };

struct Difference {
  std::string name;   // "wire memory 1,000/s p99"
  double before = 0;  // medians
  double after = 0;
  double change = 0;
  double chance = 1;    // of at least so much difference between runs of one and the same
  double drift = 0;     // of the twins meanwhile; 0 for ratios
  bool decides = true;  // p99.99 and max are shown only: they are the scheduler's
  Verdict verdict = Verdict::same;
};

struct Comparison {
  std::vector<Difference> differences;
  std::vector<std::string> warnings;  // other machine, other flags, a machine that was not quiet
  Verdict verdict = Verdict::same;    // worse if any that decides is worse, else better if any is
};

// The chance that two samples of one distribution differ in rank by at least as much as these.
double rank_chance(const std::vector<double>& a, const std::vector<double>& b);

Comparison compare(const BenchReport& before, const BenchReport& after);
std::string comparison_text(const Comparison& comparison);

}  // namespace bourse

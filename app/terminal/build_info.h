// What this binary was built from and how: printed by `bourse version` and above every benchmark.
//   Shape:  four views of literals, valid for the life of the process.
//   Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace bourse {

struct BuildInfo {
  std::string_view version;   // 0.1.0
  std::string_view commit;    // 12 hex digits, then "-dirty" when files differed; or "unknown"
  std::string_view compiler;  // GNU 12.2.0
  std::string_view flags;     // -O3 -g1 ...
};

const BuildInfo& build_info();

// "bourse 0.1.0 (1a2b3c4d5e6f, GNU 12.2.0, -O3 ...)", on one line.
std::string build_info_line();

}  // namespace bourse

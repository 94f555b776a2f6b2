#include "app/terminal/build_info.h"

#include "app/terminal/build_values.h"  // BOURSE_VERSION and its kin, written by the build

#include <fmt/format.h>

namespace bourse {

const BuildInfo& build_info() {
  static constexpr BuildInfo info{.version = BOURSE_VERSION,
                                  .commit = BOURSE_COMMIT,
                                  .compiler = BOURSE_COMPILER,
                                  .flags = BOURSE_FLAGS};
  return info;
}

std::string build_info_line() {
  const BuildInfo& info = build_info();
  return fmt::format("bourse {} ({}, {}, {})", info.version, info.commit, info.compiler,
                     info.flags);
}

}  // namespace bourse

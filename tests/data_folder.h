// Where the tests find real market data: the folder named by the environment variable BOURSE_DATA,
// else a data folder beside the checkout. A test that finds nothing there skips:
//
//   const auto folder = data_folder("itch_aapl_20200130");
//   if (!folder) GTEST_SKIP() << data_missing("itch_aapl_20200130");
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bourse {

inline std::filesystem::path data_root() {
  const char* const named = std::getenv("BOURSE_DATA");
  return named != nullptr && *named != '\0' ? named : BOURSE_DATA_DEFAULT;
}

inline std::optional<std::filesystem::path> data_folder(std::string_view name) {
  std::error_code ignored;
  std::filesystem::path folder = data_root() / name;
  if (!std::filesystem::is_directory(folder, ignored)) return std::nullopt;
  return folder;
}

inline std::string data_missing(std::string_view name) {
  return "no folder " + (data_root() / name).string() + "; set BOURSE_DATA to the data folder";
}

// A file of the checkout itself, such as "tests/golden/frame.bin".
inline std::filesystem::path source_path(std::string_view relative) {
  return std::filesystem::path(BOURSE_SOURCE_DIR) / relative;
}

}  // namespace bourse

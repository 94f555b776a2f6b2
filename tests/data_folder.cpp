#include "tests/data_folder.h"

#include <cstdlib>
#include <system_error>

namespace bourse {

std::filesystem::path data_root() {
  const char* const named = std::getenv("BOURSE_DATA");
  return named != nullptr && *named != '\0' ? named : BOURSE_DATA_DEFAULT;
}

std::optional<std::filesystem::path> data_folder(std::string_view name) {
  std::error_code ignored;
  std::filesystem::path folder = data_root() / name;
  if (!std::filesystem::is_directory(folder, ignored)) return std::nullopt;
  return folder;
}

std::string data_missing(std::string_view name) {
  return "no folder " + (data_root() / name).string() + "; set BOURSE_DATA to the data folder";
}

std::filesystem::path source_path(std::string_view relative) {
  return std::filesystem::path(BOURSE_SOURCE_DIR) / relative;
}

}  // namespace bourse

// Where the tests find real market data: the folder named by the environment variable BOURSE_DATA,
// else a data folder beside the checkout. A test that finds nothing there skips:
//
//   const auto folder = data_folder("itch_aapl_20200130");
//   if (!folder) GTEST_SKIP() << data_missing("itch_aapl_20200130");
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bourse {

std::filesystem::path data_root();

// The folder of that name in data_root(), if there is one.
std::optional<std::filesystem::path> data_folder(std::string_view name);

// What to say when there is none, with what to do about it.
std::string data_missing(std::string_view name);

// A file of the checkout itself, such as "tests/golden/frame.bin".
std::filesystem::path source_path(std::string_view relative);

}  // namespace bourse

// What an operator is told when acknowledged bytes are not what they were.
//   Owner:  pure functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "replay/result.h"  // Error

namespace bourse {

// ExitCode::data_damaged, with the file and the bytes [from, to). Nothing is ever cut or mended.
Error damage_error(const std::filesystem::path& file, std::uint64_t from, std::uint64_t to,
                   std::string what);

}  // namespace bourse

// What a command says when it cannot do what was asked: its name and the error on stderr.
//   Owner:  pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "matching/types.h"  // TimeNs
#include "replay/result.h"   // Error

namespace bourse {

// Returns the exit code of the error.
int complain(std::string_view command, const Error& error);

// Whether `--format` asks for JSON. nullopt: it is neither `table` nor `json`, and that was said.
std::optional<bool> wants_json(std::string_view command, std::string_view format);

// The time that was meant. nullopt: it is none, and that was said.
std::optional<TimeNs> time_of(std::string_view command, std::string_view text);

}  // namespace bourse

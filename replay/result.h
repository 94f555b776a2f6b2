// Result<T>: the world's faults as values: what went wrong, where, and what to do next.
//   Shape:  std::expected<T, Error>. Used on cold paths only.
//   Owner:  a value.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace bourse {

// Process exit codes of the command line (docs/OPERATIONS.md); an Error carries the one that fits.
enum class ExitCode : std::uint8_t {
  ok = 0,
  internal = 1,
  usage = 2,
  answer_is_no = 10,  // checked, and the answer is no
  data_damaged = 65,
  file_missing = 66,
  unreachable = 69,
  cannot_create = 73,
  io_error = 74,
  busy = 75,
  not_leader = 76,  // another node leads, or may: start again as a standby
  bad_config = 78,
  interrupted = 130,
};

struct Error {
  ExitCode code = ExitCode::internal;
  std::string what;   // "journal is damaged"
  std::string where;  // file, line, byte range, sequence
  std::string next;   // what the operator can do

  std::string text() const {
    std::string out = where.empty() ? what : where + ": " + what;
    if (!next.empty()) out += "\n  " + next;
    return out;
  }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ExitCode code, std::string what, std::string where = {},
                                   std::string next = {}) {
  return std::unexpected(Error{code, std::move(what), std::move(where), std::move(next)});
}

}  // namespace bourse

#include "replay/log/damage.h"

#include <utility>

#include <fmt/format.h>

namespace bourse {

Error damage_error(const std::filesystem::path& file, std::uint64_t from, std::uint64_t to,
                   std::string what) {
  return Error{.code = ExitCode::data_damaged,
               .what = "the log is damaged: " + std::move(what),
               .where = to > from ? fmt::format("{}, bytes {} to {}", file.string(), from, to)
                                  : file.string(),
               .next =
                   "nothing was changed. bourse journal verify DIRECTORY names all of it, bourse "
                   "journal repair DIRECTORY --from COPY mends it; what lies before it can be "
                   "read: bourse replay DIRECTORY"};
}

}  // namespace bourse

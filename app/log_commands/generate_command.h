// `bourse generate itch -o FILE`: a made-up Nasdaq day, the same for the same seed.
//   Shape:   one line of summary to stdout (to stderr if the day itself goes there); progress to
//            stderr if that is a terminal. A regular file appears under its name when it is whole.
//   Owner:   the main thread.
//   Errors:  ExitCode: usage for what cannot be made, cannot_create if the file exists or cannot be
//            made, io_error if it cannot be written to the end.
#pragma once

#include <string>

#include "replay/itch/itch_generator.h"  // ItchDayOptions

namespace bourse {

struct GenerateArguments {
  std::string kind = "itch";  // of the file: the one there is
  std::string output;
  ItchDayOptions day;
  bool force = false;  // replace the file that is there
};

int generate_command(const GenerateArguments& arguments);

}  // namespace bourse

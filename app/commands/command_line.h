// The command line of `bourse`: verbs, flags and help; each verb is a function of its own file.
//   Shape:   run_command_line parses and calls one *_command function; data go to stdout, talk to
//            stderr.
//   Owner:   the main thread. The command line library stays in the .cpp.
//   Errors:  ExitCode (replay/result.h); a wrong flag is named together with the nearest known one.
#pragma once

namespace bourse {

int run_command_line(int argument_count, const char* const* arguments);

}  // namespace bourse

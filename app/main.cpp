// The executable `bourse`.

#include "app/commands/command_line.h"  // run_command_line

int main(int argc, char** argv) { return bourse::run_command_line(argc, argv); }

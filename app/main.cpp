// The executable `bourse`.

#include "app/command_line.h"  // run_command_line

int main(int argc, char** argv) { return bourse::run_command_line(argc, argv); }

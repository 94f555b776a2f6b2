// The executable `bourse`.

#include "app/build_info.h"  // build_info_line

#include <cstdio>

int main() {
  std::puts(bourse::build_info_line().c_str());
  return 0;
}

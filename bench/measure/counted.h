// Functions that callgrind can be told by name: `--toggle-collect='counted_*'`.
//   Shape:  COUNTED void counted_<what>(...), never merged into its callers, nor with another.
#pragma once

#ifdef __clang__
#define COUNTED extern "C" __attribute__((noinline))
#else
#define COUNTED extern "C" __attribute__((noinline, noclone, no_icf))
#endif

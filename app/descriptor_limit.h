// Each connection takes a descriptor, and a shell allows 1024 unless told otherwise.
//   Units:  descriptors.
//   Owner:  the main thread, before anything is opened.
//   Errors: none; what the system does not allow stays as it is.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace bourse {

// As many as the system allows this process; how many that are.
inline std::uint64_t raise_descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

}  // namespace bourse

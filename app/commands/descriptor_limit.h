// Each connection takes a descriptor, and a shell allows 1024 unless told otherwise.
//   Units:  descriptors.
//   Owner:  the main thread, before anything is opened.
//   Errors: none; what the system does not allow stays as it is.
#pragma once

#include <cstdint>

#include "app/config/config.h"  // Config

namespace bourse {

// As many as the system allows this process; how many that are.
std::uint64_t raise_descriptor_limit();

// The same for one that serves; says so when they are too few for its connections.
void raise_descriptor_limit_for(const Config& config);

}  // namespace bourse

// A command in the words of tests/scenarios/README.md, so that what a random test has found can be
// read, and kept as a scenario.
//   Shape:  an order is called by its account's letter and its id.
//   Errors: none; fields that have no word are left out.
#pragma once

#include <string>

#include "matching/command.h"  // Command

namespace bourse {

std::string words_of(const Command& command);

}  // namespace bourse

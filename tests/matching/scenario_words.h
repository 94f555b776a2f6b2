// The words of scenarios for the enumerations of the engine, in both directions.
//   Shape:  word() gives the name of a value; from_word<E>() finds the value again.
//   Errors: from_word throws std::invalid_argument for a word that names nothing.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "matching/command.h"  // MassCancelCause, ...
#include "matching/event.h"    // RejectReason, CancelReason

namespace bourse {

std::string word(RejectReason reason);
std::string word(Side side);
std::string word(TimeInForce time_in_force);
std::string word(CancelReason reason);
std::string word(SelfTradePrevention mode);
std::string word(PegReference peg);
std::string word(Phase phase);
std::string word(MassCancelCause cause);
std::string word(AccountStatus status);

template <class Enum>
Enum from_word(std::string_view text) {
  for (unsigned i = 0; i < 16; ++i) {
    if (word(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
  throw std::invalid_argument("unknown word " + std::string(text));
}

}  // namespace bourse

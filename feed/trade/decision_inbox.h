// The decisions about the commands of one administrator's session, in the order in which they were
// sent: they pass one gate, and the engine answers each once.
//   Shape:  ExecRouter puts them in, AdminDesk takes them out.
//   Owner:  a session of the router's io thread; must not outlive the router.
//   Errors: none.
#pragma once

#include <deque>

#include "matching/command.h"  // CommandType
#include "matching/types.h"    // Sequence, SessionId, SymbolId, RejectReason

namespace bourse {

struct Decision {
  Sequence sequence;
  TimeNs time;
  CommandType type;
  SymbolId symbol;      // that it was about; a new instrument's too
  RejectReason reason;  // none: accepted
};

struct DecisionInbox {
  SessionId session;
  std::deque<Decision> decisions;
};

// Is this a command that only administrators send?
constexpr bool is_administration(const Command& command) {
  switch (command.type) {
    case CommandType::define_instrument:
    case CommandType::set_phase:
    case CommandType::set_rules:
    case CommandType::set_account:
    case CommandType::change_instrument:
    case CommandType::delist_instrument:
    case CommandType::bust_trade:
      return true;
    case CommandType::mass_cancel:
      return command.mass_cancel.cause == MassCancelCause::administrator;
    default:
      return false;
  }
}

}  // namespace bourse

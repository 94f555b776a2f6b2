#include "matching/engine.h"

#include "matching/decide.h"        // decide
#include "matching/engine_state.h"  // EngineState
#include "matching/reports.h"       // EventReports

namespace bourse {
namespace {

// Marks the last event of each symbol of the transaction.
void mark_last_events(EngineState& state, const Command& command, EventBuffer& out) {
  const auto events = out.public_events();
  if (events.empty()) return;
  const bool one_symbol = command.type != CommandType::mass_cancel &&
                          command.type != CommandType::clock &&
                          command.type != CommandType::set_account;
  if (one_symbol) {
    events.back().flags |= event_flags::last;
    return;
  }
  for (std::size_t i = events.size(); i-- > 0;) {
    Trading& trading = state.book_of(events[i].symbol).trading;
    if (trading.last_marked == state.sequence) continue;
    trading.last_marked = state.sequence;
    events[i].flags |= event_flags::last;
  }
}

}  // namespace

void Engine::apply(const Command& command, EventBuffer& out) {
  CHECK(command.type != CommandType::imported);
  DCHECK(command.sequence > state_->sequence);
  out.clear();
  EventReports reports(*state_, out);
  decide(*state_, command, reports);
  mark_last_events(*state_, command, out);
}

}  // namespace bourse

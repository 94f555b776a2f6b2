// What people are told of the journal's state: why orders are not taken, and what to do.
//   Owner:  any thread.
#pragma once

#include <string_view>

#include "replay/log/journal_writer.h"  // JournalWriter, JournalState

namespace bourse {

// For /readyz; empty while it is writing.
std::string_view reason_not_ready(JournalState state);

// One line of the process's own log, when the state has become this one.
void report_state(const JournalWriter& journal, JournalState state);

}  // namespace bourse

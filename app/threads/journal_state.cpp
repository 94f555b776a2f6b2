#include "app/threads/journal_state.h"

#include <spdlog/spdlog.h>

namespace bourse {

std::string_view reason_not_ready(JournalState state) {
  switch (state) {
    case JournalState::writing:
      return {};
    case JournalState::degraded:
      return "the disk is full: cancels only";
    case JournalState::stalled:
      return "the disk is full: nothing is released";
    case JournalState::failed:
      return "the journal has failed";
  }
  return {};
}

void report_state(const JournalWriter& journal, JournalState state) {
  switch (state) {
    case JournalState::writing:
      spdlog::info("the journal's disk has room again: orders are taken");
      break;
    case JournalState::degraded:
      spdlog::error("the journal's disk is full, cancels only: {}", journal.failure().text());
      break;
    case JournalState::stalled:
      spdlog::error("the journal's disk is full and the reserve used up, nothing is released: {}",
                    journal.failure().text());
      break;
    case JournalState::failed:
      break;  // the exchange ends, and says why itself
  }
}

}  // namespace bourse

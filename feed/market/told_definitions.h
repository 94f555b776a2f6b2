// Which definitions of instruments a connection has been told, and which have changed since.
//   Shape:  an array by symbol id.
//   Owner:  one session.
#pragma once

#include <cstdint>
#include <vector>

#include "feed/instrument_table.h"  // InstrumentTable, Instrument

namespace bourse {

class ToldDefinitions {
 public:
  // True the first time.
  bool note_first(const Instrument& instrument) {
    const std::size_t id = instrument.id.value();
    if (told_.size() <= id) told_.resize(id + 1, Told{});
    if (told_[id].is_told) return false;
    told_[id] = {.is_told = true, .sequence = instrument.sequence};
    return true;
  }
  // Those that were told otherwise; they count as told anew.
  std::vector<SymbolId> take_changed(const InstrumentTable& instruments) {
    std::vector<SymbolId> changed;
    for (std::uint32_t id = 1; id < told_.size(); ++id) {
      if (!told_[id].is_told) continue;
      const Sequence now = instruments.instrument(SymbolId{id})->sequence;
      if (now <= told_[id].sequence) continue;
      told_[id].sequence = now;
      changed.push_back(SymbolId{id});
    }
    return changed;
  }

 private:
  struct Told {
    bool is_told = false;
    Sequence sequence{0};
  };
  std::vector<Told> told_;  // by symbol id
};

}  // namespace bourse

// The book of a symbol as it was after any sequence: the nearest snapshot before it, rolled forward
// by the public events of that symbol.
//   Shape:  reads one book of the snapshot and the log from there on; nothing is executed.
//   Owner:  one thread; a call costs what lies between the snapshot and the sequence.
//   Errors: a sequence outside of the log (usage, with the range); a symbol that was not defined
//           then (usage); a log or a snapshot that does not fit together (data_damaged).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "matching/command.h"            // InstrumentBody
#include "matching/depth_book.h"         // DepthBook
#include "matching/types.h"              // Sequence, TimeNs, Epoch, SymbolId
#include "replay/log/log.h"              // Log
#include "replay/log/snapshot_reader.h"  // SnapshotReader
#include "replay/result.h"               // Result

namespace bourse {

struct BookAt {
  SymbolId symbol{0};
  InstrumentBody instrument{};
  DepthBook book;
  Sequence sequence{0};
  TimeNs time{0};  // of the transaction with that sequence
  Epoch epoch{0};
  Sequence snapshot{0};            // what it was rolled forward from; 0: the beginning of the log
  std::uint64_t transactions = 0;  // read on the way
  std::uint64_t events = 0;        // of the symbol
};

// `known`, if given, gets the symbols that were defined then: for an error that suggests one.
Result<BookAt> book_at(const Log& log, std::string_view symbol, Sequence at,
                       std::vector<std::string>* known = nullptr);

// The newest snapshot from which the books just before `from` can be rolled forward: below `from`,
// readable, and the log goes on after it. nullptr if there is none.
Result<std::shared_ptr<const SnapshotReader>> snapshot_before(const Log& log, Sequence from);

// The last transaction that is not younger than `time`.
Result<Sequence> sequence_at(const Log& log, TimeNs time);

}  // namespace bourse

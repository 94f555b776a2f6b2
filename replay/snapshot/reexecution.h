// Executes the commands of a log again and compares what comes out with what the log says, byte for
// byte: the proof that engine and log are the same history.
//   Shape:  one engine, one scratch; a transaction costs one apply(), one encode() and one memcmp.
//   Owner:  one thread.
//   Errors: a divergence is a value with the sequence, the command, what is expected and what came.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "matching/engine.h"               // Engine
#include "matching/event.h"                // EventBuffer
#include "matching/transaction.h"          // TransactionView
#include "replay/text/transaction_rows.h"  // TransactionRows

namespace bourse {

struct Divergence {
  Sequence sequence{0};
  std::string text;  // several lines, for people
  std::string both;  // every row of both: what the log has, then what came
};

class Reexecution {
 public:
  // Knows the names of what the engine has defined so far, for its texts.
  explicit Reexecution(Engine& engine);

  // Executes the command of the next transaction. Imported ones have nothing to execute: they pass.
  // After a divergence the engine's state is that of another history.
  std::optional<Divergence> apply(const TransactionView& transaction);

 private:
  Divergence divergence(const TransactionView& expected, const TransactionView& got);

  Engine& engine_;
  EventBuffer events_;
  std::vector<std::byte> scratch_;  // one encoded transaction
  TransactionRows rows_;            // knows the instruments, for the text
};

}  // namespace bourse

// `bourse snapshot DIRECTORY`: a snapshot of a journal at rest, or a list of those that are there.
//   Shape:   restores the state as a start would, and writes it. A running exchange takes its own.
//   Owner:   the main thread.
//   Errors:  printed on stderr; a journal in use is busy, a divergence answer_is_no.
#pragma once

#include <cstdint>
#include <string>

namespace bourse {

struct SnapshotArguments {
  std::string directory;
  std::uint64_t sequence = 0;  // 0: the head
  bool list = false;
  std::uint64_t books_every = 0;  // keyframes of the books instead, after so many transactions
};

int snapshot_command(const SnapshotArguments& arguments);

}  // namespace bourse

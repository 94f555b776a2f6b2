// `bourse journal compact`, `repair` and `upgrade`: what changes a journal that nobody is writing.
//   Shape:   each takes the lock, says what it did, and leaves what was there before recoverable:
//            compact proves a compressed segment before the raw one goes, repair keeps what it
//            replaces, upgrade writes a directory of its own.
//   Owner:   the main thread.
//   Errors:  a running exchange is busy; damage is data_damaged, nothing is compacted or copied.
#pragma once

#include <cstdint>
#include <string>

namespace bourse {

struct CompactArguments {
  std::string directory;
  std::uint64_t older_than_s = 0;
  std::uint64_t retain_s = 0;      // 0: any age
  std::uint64_t retain_bytes = 0;  // 0: any
  std::string format = "table";    // or json
};

struct RepairArguments {
  std::string directory;
  std::string from;
  std::string format = "table";  // or json
};

struct UpgradeArguments {
  std::string directory;
  std::string to;
};

int journal_compact_command(const CompactArguments& arguments);
int journal_repair_command(const RepairArguments& arguments);
int journal_upgrade_command(const UpgradeArguments& arguments);

}  // namespace bourse

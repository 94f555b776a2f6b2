// A subscriber of one symbol's orders: writes down its chain as pieces, and goes on at its next
// sequence wherever it lands.
//   Units:  sequences.
//   Owner:  as its crowd.
//   Errors: none here: a break of the chain is where a piece ends, what a server must never say is
//           in errors(), and the checker judges both.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "bench/load/aligned_copy.h"    // AlignedCopy
#include "feed/market/market_frames.h"  // FrameView
#include "tests/chaos/told_records.h"   // ToldPiece
#include "tests/chaos/wanderer.h"       // Wanderer
#include "tests/heartbeat_trust.h"      // HeartbeatTrust

namespace bourse {

class ChainReader : public Wanderer {
 public:
  // `begin` 1: from the first transaction on; 0: live. Pieces go to `file`.
  ChainReader(Crowd& crowd, std::uint32_t index, std::string symbol, std::uint64_t begin,
              std::FILE* file);

  // Nothing of its symbol is missing up to here, as it was told.
  std::uint64_t whole_up_to() const { return whole_up_to_; }
  std::uint64_t begin() const { return begin_; }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t frames() const { return frames_; }
  const std::string& symbol() const { return symbol_; }
  const std::vector<std::string>& errors() const { return errors_; }
  void write_down();  // the piece that is open; no more comes

 private:
  void on_open() override;
  void on_text(std::string_view text) override;
  void on_binary(std::span<const std::byte> payload) override;
  void on_lost() override { running_ = whole_; }

  void on_rows(const wire::FrameHeader& header, std::span<const wire::MboEvent> rows);
  void on_system(const SystemFields& system);
  void begin_piece(const wire::FrameHeader& header, std::uint64_t rpt_first);
  void note(std::string what);

  const std::uint32_t index_;
  const std::string symbol_;
  std::FILE* const file_;
  AlignedCopy aligned_;
  std::uint64_t begin_;
  ToldPiece whole_{};           // all transactions of which it has the last part
  ToldPiece running_{};         // with the parts of the one that is coming
  std::uint64_t position_ = 0;  // the last transaction that came whole, and its epoch
  std::uint32_t position_epoch_ = 0;
  std::uint64_t whole_up_to_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t frames_ = 0;
  HeartbeatTrust heartbeats_;
  std::vector<std::string> errors_;
};

}  // namespace bourse

#include "replay/upkeep/log_statistics.h"

#include <algorithm>

#include <fmt/format.h>

namespace bourse {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t symbols_max = std::size_t{1} << 20;  // a wild number makes no wild memory

}  // namespace

LogStatistics::LogStatistics() : sizes_(transaction_bytes_max / 8 + 1) {}

SymbolStatistics& LogStatistics::symbol(SymbolId id) {
  const std::size_t index = std::min<std::size_t>(id.value(), symbols_max);
  if (index >= symbols_.size()) symbols_.resize(index + 1);
  return symbols_[index];
}

void LogStatistics::add(const TransactionView& transaction) {
  const std::size_t size = transaction.bytes().size();
  const Command command = transaction.command();
  if (transactions_ == 0) {
    first_sequence_ = transaction.sequence();
    first_time_ = transaction.time();
  }
  ++transactions_;
  bytes_ += size;
  ++sizes_[std::min(size / 8, sizes_.size() - 1)];
  largest_ = std::max(largest_, size);
  last_sequence_ = transaction.sequence();
  last_time_ = transaction.time();
  if (transaction.epoch() != last_epoch_) ++epochs_;
  last_epoch_ = transaction.epoch();

  const std::int64_t second = transaction.time().value() / second_ns;
  if (second != second_) second_count_ = 0;
  second_ = second;
  if (++second_count_ > busiest_count_) {
    busiest_count_ = second_count_;
    busiest_ = second;
  }

  ++commands_[std::min<std::size_t>(static_cast<std::size_t>(command.type), kinds_max - 1)];
  if (command.symbol != SymbolId{0}) ++symbol(command.symbol).commands;
  reports_ += transaction.exec_count();
  for (const PublicEvent& event : transaction.public_events()) {
    ++events_;
    ++events_by_kind_[std::min<std::size_t>(static_cast<std::size_t>(event.kind), kinds_max - 1)];
    if (event.symbol == SymbolId{0}) continue;
    SymbolStatistics& its = symbol(event.symbol);
    ++its.events;
    const bool is_trade = event.kind == EventKind::execute || event.kind == EventKind::trade;
    if (is_trade) ++its.trades;
    if (is_trade) ++trades_;
    if (event.kind == EventKind::definition) {
      its.name = std::string(command.instrument.symbol_view());
    }
  }
}

std::uint64_t LogStatistics::busiest_second_count() const { return busiest_count_; }
TimeNs LogStatistics::busiest_second() const { return TimeNs{busiest_ * second_ns}; }

std::size_t LogStatistics::size_at(std::uint64_t per_mille) const {
  const std::uint64_t wanted = (transactions_ * per_mille + 999) / 1000;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    seen += sizes_[i];
    if (seen >= wanted && seen > 0) return i * 8;
  }
  return largest_;
}

std::vector<SymbolStatistics> LogStatistics::symbols() const {
  std::vector<SymbolStatistics> out;
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    if (symbols_[i].commands + symbols_[i].events == 0) continue;
    out.push_back(symbols_[i]);
    if (out.back().name.empty()) out.back().name = fmt::format("#{}", i);
  }
  return out;
}

}  // namespace bourse

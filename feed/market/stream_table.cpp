#include "feed/market/stream_table.h"

#include "matching/check.h"  // CHECK

namespace bourse {

Stream& StreamTable::add(std::uint32_t id, StreamPhase phase, std::uint64_t told) {
  CHECK(find(id) == nullptr);
  std::uint8_t& number = column_of_[id >> 24];
  if (number == 0) {
    number = static_cast<std::uint8_t>(columns_.size());
    columns_.emplace_back();
  }
  Column& column = columns_[number];
  const std::uint32_t symbol = wire::symbol_of(id).value();
  if (column.size() <= symbol) column.resize(symbol + 1);
  streams_.push_back({.id = id, .phase = phase, .told = told});
  column[symbol] = static_cast<std::uint32_t>(streams_.size());
  return streams_.back();
}

void StreamTable::remove(std::uint32_t id) {
  Stream* const stream = find(id);
  CHECK(stream != nullptr);
  const auto place = [this](std::uint32_t of) -> std::uint32_t& {
    return columns_[column_of_[of >> 24]][wire::symbol_of(of).value()];
  };
  place(id) = 0;
  const Stream moved = streams_.back();
  streams_.pop_back();
  if (moved.id == id) return;
  *stream = moved;
  place(moved.id) = static_cast<std::uint32_t>(stream - streams_.data()) + 1;
}

}  // namespace bourse

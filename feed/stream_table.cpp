#include "feed/stream_table.h"

#include "matching/check.h"  // CHECK

namespace bourse {

Stream& StreamTable::add(std::uint32_t id, StreamPhase phase, std::uint64_t told) {
  CHECK(id >> 24 <= channel_mask && find(id) == nullptr);
  auto& column = index_[id >> 24];
  const std::uint32_t symbol = wire::symbol_of(id).value();
  if (column.size() <= symbol) column.resize(symbol + 1);
  streams_.push_back({.id = id, .phase = phase, .told = told});
  column[symbol] = static_cast<std::uint32_t>(streams_.size());
  return streams_.back();
}

void StreamTable::remove(std::uint32_t id) {
  Stream* const stream = find(id);
  CHECK(stream != nullptr);
  index_[id >> 24][wire::symbol_of(id).value()] = 0;
  const Stream moved = streams_.back();
  streams_.pop_back();
  if (moved.id == id) return;
  *stream = moved;
  index_[moved.id >> 24][wire::symbol_of(moved.id).value()] =
      static_cast<std::uint32_t>(stream - streams_.data()) + 1;
}

}  // namespace bourse

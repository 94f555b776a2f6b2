#include "feed/instrument_table.h"

#include <algorithm>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {

void InstrumentTable::recover(const Engine& engine) {
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id) {
    if (const InstrumentBody* body = engine.instrument(SymbolId{id})) define(SymbolId{id}, *body);
  }
}

void InstrumentTable::recover(const MarketState& state) {
  for (std::uint32_t id = 1; id <= state.symbol_count(); ++id) {
    if (const InstrumentBody* body = state.instrument(SymbolId{id})) define(SymbolId{id}, *body);
  }
}

void InstrumentTable::on_transaction(const TransactionView& view) {
  const bool defines = view.command_type() == CommandType::define_instrument ||
                       view.command_type() == CommandType::change_instrument;
  if (!defines) return;
  // A refused definition has no public event.
  for (const PublicEvent& event : view.public_events()) {
    if (event.kind != EventKind::definition) continue;
    define(event.symbol, view.command().instrument, view.sequence(), view.time());
  }
}

void InstrumentTable::define(SymbolId id, const InstrumentBody& body, Sequence sequence,
                             TimeNs time) {
  CHECK(id.value() > 0);
  if (by_id_.size() < id.value()) by_id_.resize(id.value(), Instrument{});
  by_id_[id.value() - 1] = {.id = id, .body = body, .sequence = sequence, .time = time};
  by_name_.insert_or_assign(std::string(body.symbol_view()), id);
}

SymbolId InstrumentTable::find(std::string_view symbol) const {
  const auto found = by_name_.find(symbol);
  return found == by_name_.end() ? SymbolId{0} : found->second;
}

std::vector<SymbolId> InstrumentTable::matching(std::string_view pattern) const {
  std::vector<SymbolId> ids;
  for (const Instrument& instrument : by_id_) {
    if (instrument.id && fits_pattern(instrument.symbol(), pattern)) ids.push_back(instrument.id);
  }
  return ids;
}

std::vector<std::string> InstrumentTable::suggestions(std::string_view symbol) const {
  constexpr std::size_t suggestions_max = 3;
  // Nobody's symbol is longer than an InstrumentBody's, so the cost of one name is bounded.
  if (symbol.size() > sizeof(InstrumentBody::symbol)) return {};
  const std::size_t distance_max = std::max<std::size_t>(2, symbol.size() / 3);
  std::vector<std::pair<std::size_t, std::string_view>> close;
  for (const Instrument& instrument : by_id_) {
    if (!instrument.id) continue;
    const std::size_t distance = edit_distance(symbol, instrument.symbol());
    if (distance <= distance_max) close.emplace_back(distance, instrument.symbol());
  }
  std::sort(close.begin(), close.end());
  if (close.size() > suggestions_max) close.resize(suggestions_max);
  std::vector<std::string> names;
  for (const auto& [distance, name] : close) names.emplace_back(name);
  return names;
}

bool is_pattern(std::string_view symbol) { return symbol.find('*') != std::string_view::npos; }

bool fits_pattern(std::string_view symbol, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t p = 0;
  std::size_t star =
      std::string_view::npos;  // the last star seen, and what it has swallowed so far
  std::size_t star_at = 0;
  while (at < symbol.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_at = at;
    } else if (p < pattern.size() && pattern[p] == symbol[at]) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace bourse

#include "replay/snapshot/reexecution.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "matching/check.h"                // CHECK
#include "replay/text/transaction_text.h"  // row_text

namespace bourse {

Reexecution::Reexecution(Engine& engine) : engine_(engine), scratch_(transaction_bytes_max) {
  for (std::uint32_t id = 1; id <= engine.symbol_count(); ++id) {
    if (const InstrumentBody* const body = engine.instrument(SymbolId{id}))
      rows_.learn(SymbolId{id}, *body);
  }
}

std::optional<Divergence> Reexecution::apply(const TransactionView& transaction) {
  rows_.learn(transaction);
  if (transaction.command_type() == CommandType::imported) return std::nullopt;
  const Command command = transaction.command();
  engine_.apply(command, events_);
  const std::size_t bytes =
      encode(command, events_, transaction.epoch(), engine_.state_hash(), scratch_);
  const auto expected = transaction.bytes();
  if (bytes == expected.size() && std::memcmp(scratch_.data(), expected.data(), bytes) == 0) {
    return std::nullopt;
  }
  const auto got = TransactionView::parse(std::span<const std::byte>(scratch_).first(bytes));
  CHECK(got.has_value());
  return divergence(transaction, *got);
}

Divergence Reexecution::divergence(const TransactionView& expected, const TransactionView& got) {
  const std::vector<Row> expected_rows = rows_.rows(expected);
  const std::vector<Row> got_rows = rows_.rows(got);
  Divergence out{.sequence = expected.sequence(), .text = {}, .both = {}};
  const auto all = [&out](const char* title, const std::vector<Row>& all_rows, std::uint64_t hash) {
    out.both += fmt::format("{}\n", title);
    for (const Row& row : all_rows) out.both += fmt::format("  {}\n", row_text(row));
    out.both += fmt::format("  state hash {:016x}\n", hash);
  };
  all("in the log", expected_rows, expected.state_hash());
  all("executed again", got_rows, got.state_hash());
  out.text = fmt::format("sequence {}: executed again, the command gives something else\n",
                         expected.sequence().value());
  out.text += fmt::format("  command   {}\n", row_text(expected_rows.front()));
  const std::size_t rows = std::max(expected_rows.size(), got_rows.size());
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string in_log = i < expected_rows.size() ? row_text(expected_rows[i]) : "nothing";
    const std::string came = i < got_rows.size() ? row_text(got_rows[i]) : "nothing";
    if (in_log == came) continue;
    out.text += fmt::format("  expected  {}\n  got       {}\n", in_log, came);
    if (i < expected_rows.size() && i < got_rows.size()) {
      out.text += fmt::format("  differs   {}\n", row_difference(got_rows[i], expected_rows[i]));
    }
    return out;
  }
  if (expected.state_hash() != got.state_hash()) {
    out.text += fmt::format("  expected  state hash {:016x}\n  got       state hash {:016x}\n",
                            expected.state_hash(), got.state_hash());
    return out;
  }
  const auto a = expected.bytes();
  const auto b = got.bytes();
  const auto [at, other] = std::ranges::mismatch(a, b);
  out.text +=
      fmt::format("  the rows are the same, but byte {} of the record differs\n", at - a.begin());
  return out;
}

}  // namespace bourse

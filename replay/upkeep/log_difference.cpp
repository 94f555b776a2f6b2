#include "replay/upkeep/log_difference.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "replay/text/time_text.h"         // time_text
#include "replay/text/transaction_rows.h"  // TransactionRows
#include "replay/text/transaction_text.h"  // row_text

namespace bourse {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string>>;

Fields fields_of(const Row& row) {
  const auto text = [](std::uint64_t value) { return std::to_string(value); };
  return {{"kind", std::string(row.kind)},
          {"symbol", row.symbol},
          {"side", std::string(row.side)},
          {"order_id", text(row.order_id)},
          {"price", row.price},
          {"quantity", row.quantity},
          {"leaves", row.leaves},
          {"account", text(row.account)},
          {"other_order_id", text(row.other_order_id)},
          {"match_id", text(row.match_id)},
          {"rpt_sequence", text(row.rpt_sequence)},
          {"exec_sequence", text(row.exec_sequence)},
          {"client_sequence", text(row.client_sequence)},
          {"client_order_id", row.client_order_id},
          {"detail", row.detail}};
}

class Differences {
 public:
  Differences(TransactionRows& left, TransactionRows& right) : left_(left), right_(right) {}

  std::vector<FieldDifference> between(const TransactionView& a, const TransactionView& b) {
    add("time", time_text(a.time()), time_text(b.time()));
    add("epoch", std::to_string(a.epoch().value()), std::to_string(b.epoch().value()));
    const std::vector<Row>& ours = left_.rows(a);
    const std::vector<Row>& theirs = right_.rows(b);
    parts(ours, theirs, RowPart::command, "command");
    parts(ours, theirs, RowPart::event, "event");
    parts(ours, theirs, RowPart::report, "report");
    add("state_hash", fmt::format("{:016x}", a.state_hash()),
        fmt::format("{:016x}", b.state_hash()));
    if (out_.empty()) bytes(a.bytes(), b.bytes());
    return std::move(out_);
  }

 private:
  void add(std::string field, std::string a, std::string b) {
    if (a != b) out_.push_back({std::move(field), std::move(a), std::move(b)});
  }

  static std::vector<const Row*> of_part(const std::vector<Row>& rows, RowPart part) {
    std::vector<const Row*> out;
    for (const Row& row : rows) {
      if (row.part == part) out.push_back(&row);
    }
    return out;
  }

  void parts(const std::vector<Row>& ours, const std::vector<Row>& theirs, RowPart part,
             std::string_view name) {
    const auto a = of_part(ours, part);
    const auto b = of_part(theirs, part);
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const std::string which =
          part == RowPart::command ? std::string(name) : fmt::format("{} {}", name, i + 1);
      if (i >= a.size() || i >= b.size()) {
        add(which, i < a.size() ? row_text(*a[i]) : "none",
            i < b.size() ? row_text(*b[i]) : "none");
        continue;
      }
      Fields left = fields_of(*a[i]);
      Fields right = fields_of(*b[i]);
      for (std::size_t f = 0; f < left.size(); ++f) {
        add(fmt::format("{} {}", which, left[f].first), left[f].second, right[f].second);
      }
    }
  }

  // What the rows do not show: the words above are for people and leave out what is zero.
  void bytes(std::span<const std::byte> a, std::span<const std::byte> b) {
    add("length", std::to_string(a.size()), std::to_string(b.size()));
    const auto [at, other] = std::ranges::mismatch(a, b);
    if (at == a.end() || other == b.end()) return;
    add(fmt::format("byte {}", at - a.begin()), fmt::format("{:#04x}", std::to_integer<int>(*at)),
        fmt::format("{:#04x}", std::to_integer<int>(*other)));
  }

  TransactionRows& left_;
  TransactionRows& right_;
  std::vector<FieldDifference> out_;
};

}  // namespace

Result<LogDifference> compare_logs(const Log& left, const Log& right) {
  LogDifference difference;
  difference.first = std::max(left.earliest_sequence(), right.earliest_sequence());
  difference.left_last = left.released_sequence();
  difference.right_last = right.released_sequence();
  if (difference.first > difference.left_last || difference.first > difference.right_last) {
    return difference;  // nothing that both have
  }
  auto a = left.cursor(difference.first);
  if (!a) return std::unexpected(std::move(a.error()));
  auto b = right.cursor(difference.first);
  if (!b) return std::unexpected(std::move(b.error()));
  TransactionRows left_rows;
  TransactionRows right_rows;
  const Sequence end = std::min(difference.left_last, difference.right_last);
  while (a->position() <= end) {
    if (a->next() != Cursor::Next::transaction) return std::unexpected(a->error());
    if (b->next() != Cursor::Next::transaction) return std::unexpected(b->error());
    const TransactionView& ours = a->transaction();
    const TransactionView& theirs = b->transaction();
    if (!std::ranges::equal(ours.bytes(), theirs.bytes())) {
      difference.differs = ours.sequence();
      difference.fields = Differences(left_rows, right_rows).between(ours, theirs);
      return difference;
    }
    left_rows.learn(ours);
    right_rows.learn(theirs);
    ++difference.equal;
  }
  // A log that ends early because the rest of it is damaged is not a shorter log.
  for (Cursor* const cursor : {&*a, &*b}) {
    if (cursor->next() == Cursor::Next::failed) return std::unexpected(cursor->error());
  }
  return difference;
}

}  // namespace bourse

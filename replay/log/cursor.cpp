#include "replay/log/cursor.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "matching/broadcast_ring.h"    // BroadcastRing::Reader
#include "replay/log/damage.h"          // damage_error
#include "replay/log/log_view.h"        // LogView
#include "replay/log/record_scanner.h"  // RecordScanner
#include "replay/log/segment_reader.h"  // SegmentReader

namespace bourse {
namespace {

constexpr std::size_t tail_record_bytes_first = 4096;

}  // namespace

struct Cursor::State {
  State(const LogView& log, Sequence from, Bound kind)
      : view(log), next_sequence(from), bound(kind) {
    if (view.tail() != nullptr) reader.emplace(view.tail()->reader());
  }

  Next next();
  Next next_in_tail();
  Next next_in_files();
  Next move_to_tail();   // the reader stands before next_sequence
  bool enter_segment();  // false: failed
  Next deliver(std::span<const std::byte> record);
  Next fail_with(Error what);
  Next unsound_record(RecordScanner::Found found);

  const LogView& view;
  Sequence next_sequence;
  const Bound bound;
  Sequence head{0};   // as last seen: nothing above it is delivered
  bool held = false;  // the transaction at hand has been found by a seek and not been delivered
  bool from_tail = false;
  std::uint64_t laps = 0;
  std::optional<TransactionView> transaction{std::in_place};  // never empty between calls
  Error error;

  // The tail.
  std::optional<BroadcastRing::Reader> reader;
  bool in_tail = false;  // the reader stands before next_sequence
  std::unique_ptr<std::byte[]> record;
  std::size_t record_capacity = 0;

  // The files.
  std::shared_ptr<const SegmentReader> segment;
  std::optional<RecordScanner> scanner;  // of `segment`
  bool is_placed = false;                // the scanner stands at or before next_sequence
  Sequence head_at_read{0};              // head when the scanner last filled its buffer, at least
};

Cursor::Next Cursor::State::fail_with(Error what) {
  error = std::move(what);
  is_placed = false;
  return Next::failed;
}

Cursor::Next Cursor::State::deliver(std::span<const std::byte> bytes) {
  // Parsed into its place: copying it there would cost half as much as reading the record.
  std::destroy_at(&transaction);
  ::new (&transaction) std::optional<TransactionView>(TransactionView::parse(bytes));
  if (!transaction || transaction->sequence() != next_sequence) {
    Error damage =
        damage_error(segment != nullptr ? segment->path() : std::filesystem::path(), 0, 0,
                     fmt::format("the record where sequence {} should be is sound but "
                                 "makes no sense to this version of bourse",
                                 next_sequence.value()));
    transaction.emplace();
    return fail_with(std::move(damage));
  }
  next_sequence = bourse::next(next_sequence);
  return Next::transaction;
}

Cursor::Next Cursor::State::next() {
  if (held) {
    held = false;
    return Next::transaction;
  }
  if (next_sequence > head) {
    head = view.head(bound);
    if (next_sequence > head) {
      if (view.damage() != nullptr) return fail_with(*view.damage());
      return Next::at_head;
    }
  }
  if (next_sequence == Sequence{0}) return fail_with(view.outside(next_sequence, head));
  if (in_tail || (reader && !is_placed && reader->seek(next_sequence))) {
    in_tail = true;
    const Next found = next_in_tail();
    if (found != Next::failed) return found;
    // Lapped: what was overwritten has been written to the files before.
    in_tail = false;
    ++laps;
  }
  return next_in_files();
}

Cursor::Next Cursor::State::next_in_tail() {
  if (record == nullptr) {
    record = std::make_unique_for_overwrite<std::byte[]>(tail_record_bytes_first);
    record_capacity = tail_record_bytes_first;
  }
  for (;;) {
    std::size_t length = 0;
    switch (reader->next({record.get(), record_capacity}, length)) {
      case BroadcastRing::Reader::Next::record:
        from_tail = true;
        return deliver({record.get(), length});
      case BroadcastRing::Reader::Next::empty:
        return Next::at_head;
      case BroadcastRing::Reader::Next::lapped:
        return Next::failed;
      case BroadcastRing::Reader::Next::too_small:
        record = std::make_unique_for_overwrite<std::byte[]>(length);
        record_capacity = length;
        break;
    }
  }
}

bool Cursor::State::enter_segment() {
  auto found = view.catalog().holding(next_sequence);
  const bool may_be_stale =
      !found || *found == nullptr || (view.follows_another_process() && *found == segment);
  if (view.tail() == nullptr && may_be_stale) {
    // Another process may have made, renamed or deleted a segment since we looked.
    if (const auto refreshed = view.catalog().refresh(); !refreshed) {
      fail_with(refreshed.error());
      return false;
    }
    found = view.catalog().holding(next_sequence);
  }
  if (!found) {
    fail_with(std::move(found.error()));
    return false;
  }
  if (*found == nullptr) {
    fail_with(view.outside(next_sequence, view.head(bound)));  // `head` may be of long ago
    return false;
  }
  if (*found != segment) {
    segment = std::move(*found);
    scanner.emplace(segment->file(), segment->header().salt);
  }
  std::uint64_t offset = segment_header_bytes;
  const std::uint64_t delta = next_sequence.value() - segment->header().base_sequence.value();
  if (delta > 0) {
    const auto index = segment->index();
    if (!index) {
      fail_with(index.error());
      return false;
    }
    if (const IndexEntry* entry = (*index)->find(delta)) offset = entry->offset;
  }
  scanner->start(offset);
  // What lies between has been verified by whoever read it, or will be; the one sought is now. If
  // the way there is not sound, it is read record by record and the damage told.
  static_cast<void>(scanner->skip_to(next_sequence));
  head_at_read = head;
  is_placed = true;
  return true;
}

Cursor::Next Cursor::State::unsound_record(RecordScanner::Found found) {
  if (found == RecordScanner::Found::unreadable) {
    Error unreadable = disk_error(scanner->read_error(), "reading", segment->path());
    unreadable.where += fmt::format(" at byte {}", scanner->offset());
    return fail_with(std::move(unreadable));
  }
  return fail_with(
      damage_error(segment->path(), scanner->offset(), scanner->offset() + sizeof(RecordHeader),
                   fmt::format("sequence {} should be here, but there is no sound record",
                               next_sequence.value())));
}

Cursor::Next Cursor::State::move_to_tail() {
  is_placed = false;
  in_tail = true;
  return next();
}

Cursor::Next Cursor::State::next_in_files() {
  if (!is_placed) {
    // Just asked of the tail in vain, and not yet written: the tail has it in a moment.
    if (!view.in_files(next_sequence)) return Next::at_head;
    if (!enter_segment()) return Next::failed;
  }
  for (;;) {
    // Before each read: what is in the tail need not be read at all.
    if (reader && !scanner->has_buffered() && reader->seek(next_sequence)) return move_to_tail();
    const auto found = scanner->next();
    if (found == RecordScanner::Found::record) {
      const RecordHeader& header = scanner->header();
      if (header.type == RecordType::transaction) {
        if (header.sequence < next_sequence) continue;  // after a seek
        from_tail = false;
        return deliver(scanner->bytes());
      }
      if (header.type != RecordType::seal) continue;
    } else if (found == RecordScanner::Found::unreadable) {
      return unsound_record(found);
    }
    // Nothing more here: try the tail, what was written meanwhile, the next segment, in this order.
    if (reader && reader->seek(next_sequence)) return move_to_tail();
    if (!view.in_files(next_sequence)) {
      is_placed = false;
      return Next::at_head;
    }
    if (head_at_read < head) {
      head_at_read = head;
      scanner->forget();
      continue;
    }
    const auto before = segment;
    const std::uint64_t stopped_at = scanner->offset();
    if (!enter_segment()) return Next::failed;
    if (segment == before) {
      scanner->start(stopped_at);
      return unsound_record(RecordScanner::Found::damaged);
    }
  }
}

Cursor::Cursor(const LogView& view, Sequence from, Bound bound)
    : state_(std::make_unique<State>(view, from, bound)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Cursor::Next Cursor::next() { return state_->next(); }
const TransactionView& Cursor::transaction() const { return *state_->transaction; }
const Error& Cursor::error() const { return state_->error; }

Sequence Cursor::position() const {
  return state_->held ? state_->transaction->sequence() : state_->next_sequence;
}
bool Cursor::in_memory() const { return state_->from_tail; }
std::uint64_t Cursor::laps() const { return state_->laps; }

Result<void> Cursor::seek(Sequence sequence) {
  State& s = *state_;
  s.head = s.view.head(s.bound);
  if (sequence < s.view.earliest() || sequence > bourse::next(s.head)) {
    return std::unexpected(s.view.outside(sequence, s.head));
  }
  s.next_sequence = sequence;
  s.held = s.in_tail = s.is_placed = false;
  return {};
}

Result<void> Cursor::seek(TimeNs time) {
  State& s = *state_;
  const Sequence was = position();
  s.head = s.view.head(s.bound);
  Sequence from = s.view.earliest();
  if (s.view.follows_another_process()) {
    if (auto refreshed = s.view.catalog().refresh(); !refreshed) return refreshed;
  }
  auto segment = s.view.catalog().holding(time);
  if (!segment) return std::unexpected(std::move(segment.error()));
  if (*segment != nullptr) {
    const auto index = (*segment)->index();
    if (!index) return std::unexpected(index.error());
    from = (*segment)->header().base_sequence;
    if (const IndexEntry* entry = (*index)->find(time)) {
      from = Sequence{from.value() + entry->sequence_delta};
    }
  }
  // The live index may know of what has not been released yet.
  if (auto placed = seek(std::min(from, bourse::next(s.head))); !placed) return placed;
  for (;;) {
    switch (s.next()) {
      case Next::transaction:
        if (s.transaction->time() < time) continue;
        s.held = true;
        return {};
      case Next::at_head:
        return {};
      case Next::failed: {
        Error error = s.error;
        s.next_sequence = was;
        s.held = s.in_tail = s.is_placed = false;
        return std::unexpected(std::move(error));
      }
    }
  }
}

}  // namespace bourse

#include "feed/market/catch_up.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "feed/wire.h"                     // Channel, frame_flags
#include "matching/check.h"                // CHECK
#include "replay/log/snapshot_file.h"      // book_of
#include "replay/snapshot/book_history.h"  // snapshot_before

namespace bourse {
namespace {

// One run of a reader must not keep the thread from the others for more than about a millisecond.
constexpr std::size_t rolled_per_run_count = 8192;
constexpr std::size_t streamed_per_run_count = 2048;
// A burst of a replay: as many transactions, whatever their size.
constexpr std::size_t burst_count = 256;

bool needs_book(const CatchUp::StreamStart& start) {
  if (DerivedStreams::needs_history(start.stream)) return false;
  return start.wants_snapshot || DerivedStreams::makes(start.stream) ||
         wire::channel_of(start.stream) == wire::Channel::bbo;
}

// Where the log must be followed from for bars and statistics as they were before `from`.
std::optional<TimeNs> history_from(const Log& log, Sequence from,
                                   const std::vector<CatchUp::StreamStart>& streams) {
  std::optional<TimeNs> needed;
  const Sequence before{std::max(from.value() - 1, log.earliest_sequence().value())};
  for (const CatchUp::StreamStart& start : streams) {
    if (!DerivedStreams::needs_history(start.stream)) continue;
    const TimeNs time = time_of(log, before).value_or(TimeNs{0});
    const TimeNs of_stream = TradeFollower::needed_from(shape_of(start.stream), time);
    needed = std::min(needed.value_or(of_stream), of_stream);
  }
  return needed;
}

}  // namespace

Result<std::unique_ptr<CatchUp>> CatchUp::open(const Hub& hub, const Log& log, Sequence from,
                                               std::vector<StreamStart> streams, Sequence end) {
  const bool needs_books = std::any_of(streams.begin(), streams.end(), needs_book);
  // The nearest snapshot whose books are sound; without one, the beginning of the log.
  for (Sequence below = from;;) {
    std::shared_ptr<const SnapshotReader> snapshot;
    Sequence begin = from;
    if (needs_books) {
      auto found = snapshot_before(log, below);
      if (!found) return std::unexpected(std::move(found.error()));
      snapshot = std::move(*found);
      begin = snapshot == nullptr ? Sequence{1} : next(snapshot->header().sequence);
      if (snapshot == nullptr && log.earliest_sequence() > begin) {
        return fail(ExitCode::answer_is_no, "the log begins at sequence " +
                                                std::to_string(log.earliest_sequence().value()) +
                                                ", and there is no snapshot before " +
                                                std::to_string(from.value()));
      }
    }
    Result<Cursor> cursor = log.cursor(begin);
    if (!cursor) return std::unexpected(cursor.error());
    const std::optional<TimeNs> history = history_from(log, from, streams);
    if (history) {
      CHECK(!needs_books);
      cursor = log.cursor(log.earliest_sequence());
      if (!cursor) return std::unexpected(cursor.error());
      if (auto sought = cursor->seek(*history); !sought) return std::unexpected(sought.error());
      if (cursor->position() > from) cursor = log.cursor(from);
      if (!cursor) return std::unexpected(cursor.error());
    }
    std::unique_ptr<CatchUp> out(new CatchUp(hub, std::move(*cursor), from, end, streams));
    if (history) out->begin_history(*history);
    if (snapshot == nullptr || out->start_books(*snapshot)) return out;
    below = snapshot->header().sequence;
  }
}

void CatchUp::begin_history(TimeNs time) {
  for (const StreamStart& start : streams_) {
    if (DerivedStreams::needs_history(start.stream)) derived_.add(start.stream, time);
  }
}

// As they were after the snapshot's sequence; a symbol that it does not know is defined later.
Result<void> CatchUp::start_books(const SnapshotReader& snapshot) {
  time_ = snapshot.header().time;
  epoch_ = snapshot.header().epoch;
  for (Book& book : books_) {
    auto depth = bourse::book_of(snapshot, book.symbol);
    if (!depth) return std::unexpected(std::move(depth.error()));
    if (!*depth) continue;
    book.depth = std::move(**depth);
    book.is_defined = true;
  }
  return {};
}

CatchUp::CatchUp(const Hub& hub, Cursor cursor, Sequence from, Sequence end,
                 std::vector<StreamStart> streams)
    : hub_(hub),
      cursor_(std::move(cursor)),
      from_(from),
      end_(end),
      streams_(std::move(streams)),
      encoder_(hub.instruments()),
      derived_(hub.instruments(), encoder_,
               [this](SymbolId symbol) { return &book_of(symbol)->depth; }) {
  for (const StreamStart& start : streams_) {
    encoder_.want(start.stream, start.last_seq);
    if (DerivedStreams::needs_history(start.stream)) {
      is_rolling_ = true;
      continue;
    }
    if (DerivedStreams::makes(start.stream)) begins_.push_back(start);
    const SymbolId symbol = wire::symbol_of(start.stream);
    if (!needs_book(start) || book_of(symbol) != nullptr) continue;
    const InstrumentBody* const body = hub.instruments().find(symbol);
    CHECK(body != nullptr);
    books_.push_back({.symbol = symbol, .depth = DepthBook(body->tick_size_e9, body->lot_size)});
    if (book_index_.size() <= symbol.value()) book_index_.resize(symbol.value() + 1);
    book_index_[symbol.value()] = static_cast<std::uint32_t>(books_.size());
  }
  std::ranges::stable_sort(begins_, std::greater{}, &StreamStart::last_seq);
  is_rolling_ = is_rolling_ || !books_.empty();
}

CatchUp::Book* CatchUp::book_of(SymbolId symbol) {
  if (symbol.value() >= book_index_.size()) return nullptr;
  const std::uint32_t index = book_index_[symbol.value()];
  return index == 0 ? nullptr : &books_[index - 1];
}

void CatchUp::forget(std::uint32_t stream) {
  encoder_.forget(stream);
  derived_.remove(stream);
  std::erase_if(begins_, [stream](const StreamStart& start) { return start.stream == stream; });
  const auto found =
      std::find_if(streams_.begin(), streams_.end(),
                   [stream](const StreamStart& start) { return start.stream == stream; });
  if (found == streams_.end()) return;
  const auto index = static_cast<std::size_t>(found - streams_.begin());
  streams_.erase(found);
  if (index < snapshots_sent_) {
    --snapshots_sent_;
  } else if (index == snapshots_sent_) {
    chunk_.reset();
    chunk_at_ = 0;
  }
}

Cursor::Next CatchUp::advance() {
  const Cursor::Next next = cursor_.next();
  if (next == Cursor::Next::failed) error_ = cursor_.error().text();
  if (next == Cursor::Next::transaction) {
    time_ = cursor_.transaction().time();
    epoch_ = cursor_.transaction().epoch();
  }
  return next;
}

// Books first, so that best prices are those after the transaction.
void CatchUp::follow(const TransactionView& transaction, bool is_streaming) {
  derived_.on_transaction(transaction);
  if (books_.empty()) return;
  for (const PublicEvent& event : transaction.public_events()) {
    if (Book* const book = book_of(event.symbol)) {
      book->is_defined = true;
      CHECK(book->depth.apply(event) == DepthError::none);
    }
  }
  if (!is_streaming) return;
  SymbolId symbol{0};
  for (const PublicEvent& event : transaction.public_events()) {
    if (event.symbol == symbol) continue;
    symbol = event.symbol;
    if (const Book* const book = book_of(symbol)) {
      encoder_.add_best(symbol, book->depth.best(), book->depth.last_rpt());
      derived_.on_transaction(symbol, transaction.sequence(), transaction.time());
    }
  }
}

CatchUp::State CatchUp::run(Outbox& out, std::size_t bytes_max) {
  const std::size_t size_max = out.size() + bytes_max;
  if (is_rolling_) {
    if (const State state = roll_forward(); state != State::at_head) return state;
  }
  if (snapshots_sent_ < streams_.size()) {
    if (const State state = send_snapshots(out, size_max); state != State::at_head) return state;
  }
  return stream(out, size_max);
}

CatchUp::State CatchUp::roll_forward() {
  for (std::size_t i = 0; i < rolled_per_run_count; ++i) {
    if (cursor_.position() == from_) {
      for (const Book& book : books_) {
        if (book.is_defined) encoder_.assume_best(book.symbol, book.depth.best());
      }
      encoder_.continue_epoch(epoch_);
      is_rolling_ = false;
      return State::at_head;
    }
    switch (advance()) {
      case Cursor::Next::transaction:
        follow(cursor_.transaction(), false);
        break;
      case Cursor::Next::at_head:
        return State::waiting;
      case Cursor::Next::failed:
        return State::failed;
    }
  }
  return State::running;
}

bool CatchUp::build_snapshot(const StreamStart& start) {
  if (!start.wants_snapshot || !has_state(start.stream)) return false;
  const SymbolId symbol = wire::symbol_of(start.stream);
  const SnapshotPoint point{
      .sequence = Sequence{from_.value() - 1}, .time = time_, .epoch = epoch_};
  const Instrument& instrument = *hub_.instruments().instrument(symbol);
  if (DerivedStreams::needs_history(start.stream)) {
    chunk_ = take_snapshot(writer_, instrument, DepthBook{}, &derived_.trades(start.stream),
                           start.stream, point);
  } else {
    chunk_ =
        take_snapshot(writer_, instrument, book_of(symbol)->depth, nullptr, start.stream, point);
  }
  return true;
}

CatchUp::State CatchUp::send_snapshots(Outbox& out, std::size_t size_max) {
  while (snapshots_sent_ < streams_.size()) {
    if (!chunk_ && !build_snapshot(streams_[snapshots_sent_])) {
      ++snapshots_sent_;
      continue;
    }
    while (chunk_at_ < chunk_->bytes.size()) {
      if (out.size() >= size_max) return State::running;
      const std::size_t length = ws_frame_bytes(chunk_->bytes.data() + chunk_at_);
      out.append_framed({chunk_->bytes.data() + chunk_at_, length});
      chunk_at_ += length;
      ++frames_sent_;
    }
    chunk_.reset();
    chunk_at_ = 0;
    ++snapshots_sent_;
  }
  return State::at_head;
}

// A derived stream goes on from what its reader has: the state after last_seq.
void CatchUp::begin_derived() {
  while (!begins_.empty() && begins_.back().last_seq < cursor_.position().value()) {
    derived_.add(begins_.back().stream);
    begins_.pop_back();
  }
}

CatchUp::State CatchUp::stream(Outbox& out, std::size_t size_max) {
  // What the hub has not flushed yet is not for us: there the streams are live.
  const Sequence end = next(std::min(hub_.sequence(), end_));
  if (cursor_.position() > end) return State::waiting;
  std::size_t streamed = 0;
  std::size_t in_burst = 0;
  while (cursor_.position() < end) {
    begin_derived();
    const Epoch epoch = epoch_;
    const TimeNs time = time_;
    switch (advance()) {
      case Cursor::Next::transaction:
        break;
      case Cursor::Next::at_head:
        flush(out);
        return State::waiting;
      case Cursor::Next::failed:
        flush(out);
        return State::failed;
    }
    const TransactionView& transaction = cursor_.transaction();
    derived_.emit_due(time_, Sequence{transaction.sequence().value() - 1}, time);
    if (epoch_ != epoch) flush(out);  // a burst is of one epoch
    encoder_.add(transaction);
    follow(transaction, true);
    if (++in_burst == burst_count || encoder_.is_full()) {
      flush(out);
      in_burst = 0;
      if (out.size() >= size_max) return State::running;
    }
    if (++streamed == streamed_per_run_count) {
      flush(out);
      return State::running;
    }
  }
  begin_derived();
  derived_.emit_all(time_, Sequence{end.value() - 1}, time_);
  flush(out);
  return State::at_head;
}

void CatchUp::flush(Outbox& out) {
  encoder_.begin_flush(TimeNs{0}, wire::frame_flags::replay);
  EncodedFrame frame{};
  for (; encoder_.next(frame); ++frames_sent_) out.append_binary(frame.bytes);
}

}  // namespace bourse

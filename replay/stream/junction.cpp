#include "replay/stream/junction.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "replay/stream/stream_batch.h"  // StreamBatch, BatchHeader

namespace bourse {
namespace {

constexpr std::chrono::seconds patience{10};

class Comparison {
 public:
  Comparison(const Log& log, const LedEnds& ends, JetStream& server, const std::string& stream)
      : log_(log), ends_(ends), server_(server), stream_(stream) {}

  Result<bool> is_same(Sequence sequence) const {
    auto cursor = log_.cursor(sequence);
    if (!cursor) return std::unexpected(std::move(cursor.error()));
    if (cursor->next() != Cursor::Next::transaction)
      return fail(ExitCode::internal, "the log does not have what it said it has",
                  fmt::format("sequence {}", sequence.value()));
    const auto ours = cursor->transaction().bytes();
    const auto is_ours = [ours](const TransactionView& theirs) {
      return std::ranges::equal(ours, theirs.bytes());
    };
    // The last message itself: a reader that is placed there cannot know yet which ones are late.
    if (sequence >= ends_.last.first) return is_in_last(sequence, is_ours);
    auto reader = StreamReader::open({.server = server_.options(),
                                      .stream = stream_,
                                      .journal = ends_.last.journal,
                                      .from = sequence});
    if (!reader) return std::unexpected(std::move(reader.error()));
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      switch (reader->next(std::chrono::milliseconds(500))) {
        case StreamReader::Next::transaction:
          return is_ours(reader->transaction());
        case StreamReader::Next::failed:
          return std::unexpected(reader->error());
        case StreamReader::Next::at_head:
          if (std::chrono::steady_clock::now() < until) continue;
          return fail(ExitCode::unreachable, "no answer from the stream: " + reader->trouble(),
                      fmt::format("{}, sequence {}", stream_, sequence.value()));
      }
    }
  }

 private:
  template <class IsOurs>
  Result<bool> is_in_last(Sequence sequence, IsOurs is_ours) const {
    const auto message = server_.message(stream_, ends_.last_message);
    if (!message) return std::unexpected(message.error());
    StreamBatch batch;
    if (*message) {
      if (auto read = batch.read(**message); !read) return std::unexpected(std::move(read.error()));
      for (std::size_t i = 0; i < batch.count(); ++i)
        if (const TransactionView theirs = batch.transaction(i); theirs.sequence() == sequence)
          return is_ours(theirs);
    }
    return fail(ExitCode::unreachable, "the stream has changed meanwhile", stream_);
  }

  const Log& log_;
  const LedEnds& ends_;
  JetStream& server_;
  const std::string& stream_;
};

}  // namespace

Result<std::optional<LedEnds>> led_ends(JetStream& server, const std::string& stream, Epoch floor) {
  const auto ends = stream_ends(server, stream);
  if (!ends) return std::unexpected(ends.error());
  if (!*ends) return std::nullopt;
  LedEnds led{**ends, (*ends)->state.last};
  for (std::uint64_t back = 0; back <= late_messages_max && back < led.state.last; ++back) {
    const std::uint64_t at = led.state.last - back;
    if (at < led.state.first) break;
    const auto message = server.message(stream, at);
    if (!message) return std::unexpected(message.error());
    if (!*message) continue;
    const auto header = BatchHeader::read(**message);
    if (!header) return std::unexpected(header.error());
    if (header->epoch < floor) continue;
    led.last = *header;
    led.last_message = at;
    break;
  }
  return led;
}

Result<Junction> find_junction(const Log& log, const LedEnds& ends, JetStream& server,
                               const std::string& stream) {
  if (log.last_sequence().value() > 0 && log.journal_id() != ends.last.journal)
    return fail(ExitCode::bad_config, "the stream holds another log than this journal",
                log.directory().string() + ", stream " + stream,
                "name the journal's own stream (stream.subject), or another directory");
  const std::uint64_t first = std::max(ends.first.first.value(), log.earliest_sequence().value());
  const std::uint64_t last = std::min(ends.last.last.value(), log.last_sequence().value());
  if (last == 0 || last < first) return Junction{};
  const Comparison comparison(log, ends, server, stream);
  const auto same = comparison.is_same(Sequence{last});
  if (!same) return std::unexpected(same.error());
  if (*same) return Junction{.common = Sequence{last}, .diverges = {}};
  // Once two histories have parted they never meet again: the state hash is in each transaction.
  std::uint64_t low = first;  // the first that differs is at least this
  std::uint64_t high = last;  // and at most this
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto is_same = comparison.is_same(Sequence{middle});
    if (!is_same) return std::unexpected(is_same.error());
    if (*is_same)
      low = middle + 1;
    else
      high = middle;
  }
  return Junction{.common = Sequence{low - 1}, .diverges = Sequence{low}};
}

}  // namespace bourse

#include "replay/stream/epoch_opening.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "matching/check.h"              // CHECK
#include "matching/event.h"              // EventBuffer
#include "replay/stream/junction.h"      // led_ends
#include "replay/stream/stream_batch.h"  // StreamBatch

namespace bourse {
namespace {

constexpr std::size_t opening_bytes_max = 4096;  // one command and hardly an event

}  // namespace

EpochOpening::EpochOpening(JetStream& server, Names names, const Log& log, End end, Engine& engine,
                           const EngineLimits& limits, Epoch epoch)
    : server_(server),
      names_(std::move(names)),
      log_(log),
      end_(end),
      engine_(engine),
      limits_(limits),
      epoch_(epoch),
      words_(std::make_unique<std::uint64_t[]>(opening_bytes_max / sizeof(std::uint64_t))) {}

Result<OpeningState> EpochOpening::step(TimeNs now) {
  const auto found = led_ends(server_, names_.stream, length_ > 0 ? epoch_ : end_.epoch);
  if (!found) return std::unexpected(found.error());
  const Sequence log_last = end_.last;
  const Sequence opening = next(log_last);
  std::uint64_t stream_last = 0;
  Sequence from{1};
  if (*found) {
    const BatchHeader& last = (*found)->last;
    stream_last = (*found)->state.last;
    from = next(last.last);
    // Published before, and the answer was lost.
    if (length_ > 0 && last.epoch == epoch_ && last.last == opening) return OpeningState::opened;
    if (last.epoch >= epoch_)
      return fail(ExitCode::not_leader,
                  fmt::format("the stream has epoch {}, and this node leads epoch {}",
                              last.epoch.value(), epoch_.value()),
                  names_.stream, "another node leads: start this one again as its standby");
    if (last.last > log_last) return length_ > 0 ? OpeningState::spent : OpeningState::behind;
  } else {
    // It may be empty and yet have a last sequence: what it held was forgotten by age.
    const auto state = server_.stream_state(names_.stream);
    if (!state) return std::unexpected(state.error());
    if (!*state) return fail(ExitCode::unreachable, "there is no stream yet", names_.stream);
    stream_last = (*state)->last;
    from = std::max(log_.earliest_sequence(), Sequence{1});
  }
  if (from < opening) {
    const auto refilled = refill(from, stream_last);
    if (!refilled || *refilled != OpeningState::opened) return refilled;
  }
  if (length_ == 0) execute(now);
  return publish(stream_last);
}

// `opened` here: the stream has all of the log.
Result<OpeningState> EpochOpening::refill(Sequence from, std::uint64_t& stream_last) {
  auto cursor = log_.cursor(std::max(from, log_.earliest_sequence()));
  if (!cursor) return std::unexpected(std::move(cursor.error()));
  StreamBatch batch;
  batch.begin(log_.journal_id());
  const auto send = [&]() -> Result<OpeningState> {
    OutgoingMessage message(names_.subject, batch.body(), stream_last);
    batch.header().write(message);
    PublishOutcome published = server_.publish(std::move(message));
    if (published.state == PublishState::stored) {
      stream_last = published.stream_sequence;
      batch.begin(log_.journal_id());
      return OpeningState::opened;
    }
    if (published.state == PublishState::fenced)
      return length_ > 0 ? OpeningState::spent : OpeningState::behind;
    return std::unexpected(std::move(published.error));
  };
  for (;;) {
    const Cursor::Next found = cursor->next();
    if (found == Cursor::Next::failed) return std::unexpected(cursor->error());
    const bool is_end = found == Cursor::Next::at_head;
    if (!batch.is_empty() && (is_end || !batch.has_room_for(cursor->transaction()))) {
      if (const auto sent = send(); !sent || *sent != OpeningState::opened) return sent;
    }
    if (is_end) return OpeningState::opened;
    batch.add(cursor->transaction());
  }
}

void EpochOpening::execute(TimeNs now) {
  Command command{};
  command.type = CommandType::open_epoch;
  command.sequence = next(end_.last);
  // Clocks of two machines differ; time in the log never goes back.
  command.time = std::max(now, end_.last_time);
  command.epoch.epoch = epoch_;
  command.epoch.symbols_max = limits_.symbols_max;
  command.epoch.accounts_max = limits_.accounts_max;
  command.epoch.orders_max = limits_.orders_max;
  EventBuffer events;
  engine_.apply(command, events);
  CHECK(encoded_bytes(command, events) <= opening_bytes_max);
  length_ = encode(command, events, epoch_, engine_.state_hash(), {bytes(), opening_bytes_max});
}

Result<OpeningState> EpochOpening::publish(std::uint64_t stream_last) {
  StreamBatch batch;
  batch.begin(log_.journal_id());
  const auto view = TransactionView::parse(record());
  CHECK(view.has_value());
  batch.add(*view);
  OutgoingMessage message(names_.subject, batch.body(), stream_last);
  batch.header().write(message);
  PublishOutcome published = server_.publish(std::move(message));
  switch (published.state) {
    case PublishState::stored:
      return OpeningState::opened;
    case PublishState::fenced:  // the next step() reads who was there
    case PublishState::refused:
    case PublishState::unknown:
      break;
  }
  if (published.state == PublishState::fenced) published.error.code = ExitCode::unreachable;
  return std::unexpected(std::move(published.error));
}

}  // namespace bourse

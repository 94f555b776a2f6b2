#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "replay/log/log.h"                  // Log
#include "replay/stream/replicator_state.h"  // Replicator::State

namespace bourse {

Result<void> Replicator::State::connect() {
  if (server && server->is_connected()) return {};
  server.reset();
  auto connected = JetStream::connect(options.server);
  if (!connected) return std::unexpected(std::move(connected.error()));
  if (connected->max_payload() < payload_bytes_needed) {
    return fail(ExitCode::bad_config,
                fmt::format("nats-server takes messages of {} bytes, but a transaction may need {}",
                            connected->max_payload(), payload_bytes_needed),
                options.server.url, "set max_payload: 4MB in its configuration");
  }
  server.emplace(std::move(*connected));
  return {};
}

// Byte for byte what the log has under the same sequences, as far as it still has them.
Result<void> Replicator::State::compare(const StreamMessage& message) {
  StreamBatch theirs;
  if (auto read = theirs.read(message); !read) return read;
  const BatchHeader& header = theirs.header();
  const auto other = [&](std::string what) {
    return fail(ExitCode::not_leader, std::move(what), options.stream.name,
                "another engine has published to this stream: start again as a standby");
  };
  if (header.last > log.local_sequence()) {
    return other(fmt::format("the stream has sequence {}, this log ends with {}",
                             header.last.value(), log.local_sequence().value()));
  }
  if (theirs.is_empty() || header.first < log.earliest_sequence()) return {};
  auto own = log.cursor(header.first, Bound::local);
  if (!own) return std::unexpected(std::move(own.error()));
  for (std::size_t i = 0; i < theirs.count(); ++i) {
    if (own->next() != Cursor::Next::transaction) return std::unexpected(own->error());
    const auto ours = own->transaction().bytes();
    const auto stored_bytes = theirs.transaction(i).bytes();
    if (!std::ranges::equal(ours, stored_bytes)) {
      return other(fmt::format("the stream has another transaction {} than this log",
                               own->transaction().sequence().value()));
    }
  }
  return {};
}

// What the stream's last message of this engine says, or of the one that led before it. Messages
// that came too late from an engine that does not lead any more are passed over: this engine may be
// that one itself, with messages of its own behind those of the next.
Result<std::optional<BatchHeader>> Replicator::State::last_of_own(const StreamState& end) {
  Epoch own{0};
  if (const Sequence head = log.local_sequence(); head >= log.earliest_sequence()) {
    auto newest = log.cursor(head, Bound::local);
    if (!newest) return std::unexpected(std::move(newest.error()));
    if (newest->next() != Cursor::Next::transaction) return std::unexpected(newest->error());
    own = newest->transaction().epoch();
  }
  std::optional<StreamMessage> best;
  BatchHeader header;
  for (std::uint64_t i = 0; i <= late_messages_max && end.last - i >= end.first; ++i) {
    auto message = server->message(options.stream.name, end.last - i);
    if (!message) return std::unexpected(std::move(message.error()));
    if (!*message) break;
    auto found = BatchHeader::read(**message);
    if (!found) return std::unexpected(std::move(found.error()));
    if (found->journal != log.journal_id()) {
      return fail(ExitCode::bad_config, "the stream is that of another log", options.stream.name,
                  "name another one by stream.subject, or delete it if its log is gone");
    }
    const bool is_newer = !best || found->epoch > header.epoch;
    if (is_newer) {
      header = *found;
      best = std::move(**message);
    }
    if (header.epoch > own) break;
  }
  if (!best) return std::nullopt;
  if (header.epoch > own) {
    return fail(ExitCode::not_leader,
                fmt::format("the stream is in epoch {}, this engine in {}", header.epoch.value(),
                            own.value()),
                options.stream.name, "another engine leads: start again as a standby");
  }
  if (auto same = compare(*best); !same) return std::unexpected(std::move(same.error()));
  return header;
}

Result<void> Replicator::State::place_cursor(Sequence from) {
  auto placed = log.cursor(from, Bound::local);
  if (!placed) return std::unexpected(std::move(placed.error()));
  cursor.emplace(std::move(*placed));
  is_held = false;
  position = Sequence{from.value() - 1};
  return {};
}

// Finds where the stream ends, and stands there.
Result<void> Replicator::State::resume() {
  const auto leads = options.may_resync();
  if (!leads) return std::unexpected(leads.error());
  if (!*leads) {
    return fail(ExitCode::not_leader, "this engine does not lead any more", options.stream.name,
                "start it again as a standby");
  }
  if (auto done = connect(); !done) return done;
  if (auto done = server->ensure_stream(options.stream); !done) return done;
  const auto state = server->stream_state(options.stream.name);
  if (!state) return std::unexpected(state.error());
  if (!*state) return fail(ExitCode::unreachable, "the stream has gone again", options.server.url);
  const StreamState& end = **state;
  Sequence last{log.earliest_sequence().value() - 1};
  if (end.messages > 0) {
    auto found = last_of_own(end);
    if (!found) return std::unexpected(std::move(found.error()));
    if (!*found) return fail(ExitCode::unreachable, "the stream's end cannot be read yet");
    last = (*found)->last;
    epoch = (*found)->epoch;
  }
  if (last.value() < stored.load(std::memory_order_relaxed)) refills.fetch_add(1);
  if (next(last) < log.earliest_sequence()) {
    return fail(ExitCode::data_damaged,
                fmt::format("the stream ends with sequence {}, but the log begins with {}",
                            last.value(), log.earliest_sequence().value()),
                options.stream.name,
                "what lies between is in an archive only: delete the stream, it is filled again");
  }
  if (auto placed = place_cursor(next(last)); !placed) return placed;
  auto made = StreamPublisher::make(
      *server,
      {.subject = options.stream.subject, .last = end.last, .answer_max = options.answer_max},
      {.on_stored = [this](Sequence sequence) { take_stored(sequence); },
       .on_change =
           [this] {
             // Nothing waits: the time-out begins with the next one.
             if (stored.load(std::memory_order_relaxed) >= log.local_sequence().value()) {
               progress_at.store(now_ns(), std::memory_order_relaxed);
             }
             log.releases().wake();
           }});
  if (!made) return std::unexpected(std::move(made.error()));
  publisher = std::move(*made);
  if (end.messages > 0) take_stored(last);
  sent_at = Clock::now();
  set_trouble({});
  is_publishing.store(true, std::memory_order_relaxed);
  return {};
}

}  // namespace bourse

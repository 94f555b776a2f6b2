// What the replicator knows, and the parts of its work: batches on their way in replicator.cpp,
// where the stream ends in replicator_resume.cpp.
//   Owner:  run()'s thread; what the publisher's thread and others touch is atomic, and `trouble`
//           has its lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "replay/log/cursor.h"               // Cursor
#include "replay/stream/replicator.h"        // Replicator, ReplicatorOptions
#include "replay/stream/stream_batch.h"      // StreamBatch
#include "replay/stream/stream_publisher.h"  // StreamPublisher

namespace bourse {

struct Replicator::State {
  using Clock = std::chrono::steady_clock;

  State(Log& of, ReplicatorOptions given, std::function<void(Sequence)> told)
      : log(of), options(std::move(given)), on_stored(std::move(told)) {}

  static std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

  std::optional<Error> run();
  Result<void> resume();
  Result<void> connect();
  Result<std::optional<BatchHeader>> last_of_own(const StreamState& end);
  Result<void> compare(const StreamMessage& message);
  Result<void> place_cursor(Sequence from);
  Result<bool> fill();
  Result<void> publish_what_waits();
  void beat();
  void register_need();
  void drain();
  void wait();
  void pause();
  void set_trouble(std::string text);
  void take_stored(Sequence sequence);
  bool has_more() const { return log.local_sequence() > position; }
  std::size_t window() const { return publisher->may_pipeline() ? options.window : 1; }
  bool may_end() const;

  using Counter = std::atomic<std::uint64_t>;

  Log& log;
  const ReplicatorOptions options;
  const std::function<void(Sequence)> on_stored;
  std::optional<JetStream> server;
  std::unique_ptr<StreamPublisher> publisher;  // ends before the connection
  std::optional<Cursor> cursor;
  bool is_held = false;  // the cursor's transaction is not in a batch yet
  StreamBatch batch;
  Sequence position{0};  // the last one that was put into a batch
  Epoch epoch{0};        // of the last batch
  Clock::time_point sent_at = Clock::now();
  Clock::time_point registered_at{};
  Sequence registered{0};

  // Written by run()'s thread or the publisher's, read by any; relaxed but where said.
  std::atomic<std::uint64_t> stored{0};  // release: on_stored may follow
  std::atomic<bool> is_publishing{false};
  std::atomic<bool> is_stopping{false};
  std::atomic<std::int64_t> grace_until{0};
  std::atomic<std::int64_t> progress_at{now_ns()};
  Counter batches{0};
  Counter transactions{0};
  Counter bytes{0};
  Counter resyncs{0};
  Counter refills{0};
  Counter in_flight{0};
  mutable std::mutex trouble_mutex;  // cold
  std::string trouble;
};

}  // namespace bourse

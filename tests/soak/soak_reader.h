// One subscriber of the feed soak: what it holds of each stream, over all of its connections.
//   Shape:  reads mbo and trade of the demo's two instruments, from the log's first transaction on.
//           A connection that ends is followed by one that begins behind what it has.
//   Units:  sequences.
//   Owner:  one thread, whose epoll says when take() has something.
//   Errors: fault(), a text: a chain that is not whole, an event twice or not at all, a refusal.
//           A cut connection is no fault here: is_cut().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/load/aligned_copy.h"     // AlignedCopy
#include "bench/load/load_connection.h"  // LoadConnection
#include "feed/market/market_frames.h"   // FrameView
#include "tests/heartbeat_trust.h"       // HeartbeatTrust

namespace bourse {

enum class Habit : std::uint8_t { reads, stalls, reconnects, never_reads };

class SoakReader {
 public:
  static constexpr std::size_t stream_count = 4;

  struct Content {
    std::uint64_t events = 0;
    std::uint32_t crc = 0;  // CRC-32C over all its structs, in their order

    bool operator==(const Content&) const = default;
  };
  using Contents = std::array<Content, stream_count>;

  SoakReader(const TlsContext& context, std::uint16_t port, Habit habit);

  Habit habit() const { return habit_; }
  bool connect();  // anew, behind what it has
  void take();     // what has come
  int fd() const { return connection_->fd(); }
  bool is_cut() const { return !connection_ || !connection_->is_sound(); }
  const std::string& end() const { return connection_->end(); }  // REQUIRES: is_cut()
  const std::string& fault() const { return fault_; }

  // The newest transaction of which it has heard.
  std::uint64_t newest() const { return newest_; }
  // From here on only what is not above it counts. REQUIRES: nobody has heard of it yet.
  void set_end(std::uint64_t end) { end_ = end; }
  // It has everything up to the end.
  bool is_complete() const { return whole_up_to_ >= end_; }
  Contents contents() const;

  std::uint64_t frames() const { return frames_; }
  std::uint64_t slow_times() const { return slow_times_; }
  std::uint64_t replayed() const { return replayed_; }  // frames from the log

 private:
  struct Progress {
    Content content;            // up to the end that was set
    std::uint64_t rpt_seq = 0;  // may be beyond it
  };
  struct Stream {
    std::uint64_t position = 0;  // the last transaction of which it has all
    std::uint64_t last_seq = 0;  // of the frame before
    Progress whole;              // up to position
    Progress running;            // with the parts of the transaction that is coming
  };

  void on_text(std::string_view text);
  void on_frame(std::span<const std::byte> payload);
  void on_system(const SystemFields& system);
  template <class Event>
  void on_events(Stream& stream, const wire::FrameHeader& header, std::span<const Event> events);
  void find(std::string what);

  const TlsContext& context_;
  const std::uint16_t port_;
  const Habit habit_;
  std::array<Stream, stream_count> streams_;
  std::unique_ptr<LoadConnection> connection_;
  AlignedCopy aligned_;
  std::uint64_t end_ = ~std::uint64_t{0};
  std::uint64_t newest_ = 0;
  std::uint64_t whole_up_to_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t slow_times_ = 0;
  std::uint64_t replayed_ = 0;
  HeartbeatTrust heartbeats_;
  std::string fault_;
};

}  // namespace bourse

// A naive subscriber: takes the bytes of a connection apart, holds every frame to the sequence
// rules of docs/PROTOCOL.md, and rebuilds the books by what the frames say. Knows nothing of the
// server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "feed/market/market_frames.h"  // read_frame, FrameView
#include "feed/net/outbox.h"            // Outbox
#include "matching/depth_book.h"        // DepthBook
#include "matching/event.h"             // event_flags

namespace bourse {

struct ModelOrder {
  std::uint64_t id;
  std::uint64_t size;
};

// Price to queue of orders, oldest first.
using ModelSide = std::map<std::int64_t, std::list<ModelOrder>>;

struct ModelBook {
  ModelSide bids;
  ModelSide asks;
  std::uint64_t rpt = 0;
  bool is_known = false;  // from a snapshot or from the instrument's first event on
};

// What a reader of levels has: price to size and count of orders.
using ModelLevels = std::map<std::int64_t, std::pair<std::uint64_t, std::uint32_t>>;

// Those of a book of test_instrument().
ModelLevels levels_of(const DepthBook& book, Side side, std::size_t depth);

struct ModelStream {
  std::string channel;
  std::string symbol;
  std::uint32_t instrument = 0;
  std::uint64_t from = 0;
  std::uint64_t began = 0;  // what follows it must come: from - 1, or the snapshot's sequence
  std::uint64_t at = 0;     // last_seq of the newest frame
  bool is_partial = false;
  bool is_in_snapshot = false;
  bool is_live = false;                  // the newest frame was neither snapshot nor replay
  bool is_caught_up = false;             // no replay frame may come any more
  std::vector<std::uint64_t> seqs;       // of all events, in order
  std::vector<std::uint64_t> conflated;  // ends of conflated frames
  std::uint64_t depth = 0;
  std::uint64_t conflate_ms = 0;
  std::uint64_t interval_ms = 0;
  std::uint64_t every = 0;
  std::uint64_t end = 0;       // a range: its last transaction
  bool is_refilling = false;   // a gap fill is running
  std::uint64_t refilled = 0;  // last_seq of its newest frame
  std::uint64_t refill_from = 0;
  std::uint64_t refill_to = 0;
  std::vector<std::uint64_t> refilled_seqs;
  ModelLevels bids;  // level
  ModelLevels asks;
  bool has_levels = false;        // from a snapshot on
  std::optional<wire::Bbo> best;  // the newest
  std::vector<wire::Depth10> depths;
  std::vector<wire::Bar> bars;
  std::map<std::uint16_t, wire::Stat> stats;
  std::vector<wire::BookCheck> checks;
};

class ModelClient {
 public:
  // Takes up to `bytes` from the outbox, as a socket would.
  void receive(Outbox& out, std::size_t bytes);

  // What went wrong first; empty if nothing did.
  const std::string& fault() const { return fault_; }
  bool is_slow() const { return is_slow_; }  // between SlowReader and CaughtUp
  std::vector<std::string> texts;            // JSON received, in order
  std::map<std::uint32_t, ModelStream> streams;
  std::map<std::uint32_t, ModelBook> books;  // by instrument
  std::map<std::uint32_t, wire::Bbo> bests;  // by instrument
  std::vector<wire::Trade> trades;
  std::vector<wire::Status> statuses;
  std::vector<wire::Imbalance> imbalances;
  struct Definition {
    int status = 0;
    std::uint64_t max_qty = 0;
  };
  std::map<std::uint32_t, Definition> definitions;  // by instrument, the newest
  std::map<wire::SystemCode, int> notices;
  std::vector<wire::Gap> gaps;
  std::vector<std::uint32_t> refills_done;  // streams
  std::set<std::uint32_t> ranges_done;
  std::uint64_t heartbeat_seq = 0;
  std::map<std::uint32_t, std::uint64_t> heartbeat_positions;
  std::function<void(const ModelClient&)> on_heartbeat;
  std::function<void(std::uint32_t, const ModelStream&)> on_range;  // it has ended
  std::function<void(std::uint32_t, const ModelStream&)> on_refill_done;
  std::size_t frames_count = 0;
  std::size_t replay_frames = 0;
  std::size_t partial_frames = 0;
  std::size_t snapshot_frames = 0;
  std::size_t conflated_frames = 0;

  // A new connection of the same client: books and positions stay, everything else begins again.
  void reconnect();
  // The client unsubscribed; frames of the stream may not come after the reply.
  void forget(std::uint32_t stream) { streams.erase(stream); }

 private:
  void on_message(bool is_text, std::span<const std::byte> payload);
  void on_text(std::string_view json);
  void on_frame(const FrameView& frame);
  void on_system(const FrameView& frame);
  void check_chain(const wire::FrameHeader& header, ModelStream& stream);
  bool on_refill(const FrameView& frame, ModelStream& stream);
  void on_level(const FrameView& frame, ModelStream& stream);
  void on_others(const FrameView& frame, ModelStream& stream);
  void on_mbo(const FrameView& frame, ModelStream& stream);
  void apply(const wire::MboEvent& event, ModelBook& book);
  void fail(const std::string& what);

  std::vector<std::byte> bytes_;
  std::set<std::uint32_t> defined_;
  std::uint64_t burst_last_ = 0;  // highest last_seq of live frames since the last flush
  std::uint64_t flushed_ = 0;     // no live frame may begin at or before it
  bool is_slow_ = false;  // between SlowReader and CaughtUp streams may be replayed at any time
  std::map<std::uint32_t, ModelStream> ended_;  // streams that are gone
  std::string fault_;
};

}  // namespace bourse

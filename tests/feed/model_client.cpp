#include "tests/feed/model_client.h"

#include <algorithm>
#include <cstring>

#include <simdjson.h>

namespace bourse {
namespace {

bool has(const wire::FrameHeader& header, std::uint8_t flag) { return (header.flags & flag) != 0; }

}  // namespace

void ModelClient::fail(const std::string& what) {
  if (fault_.empty()) fault_ = "frame " + std::to_string(frames_count) + ": " + what;
}

void ModelClient::reconnect() {
  bytes_.clear();
  ended_.clear();
  for (const auto& [id, stream] : streams) {
    if (!stream.is_in_snapshot && !stream.is_partial) ended_[id] = stream;
  }
  streams.clear();
  defined_.clear();
  burst_last_ = flushed_ = 0;
  is_slow_ = false;
  texts.clear();
}

void ModelClient::receive(Outbox& out, std::size_t bytes) {
  const auto part = out.front(bytes);
  bytes_.insert(bytes_.end(), part.begin(), part.end());
  out.consume(part.size());
  std::size_t at = 0;
  while (bytes_.size() - at >= 2) {
    const std::byte* const frame = bytes_.data() + at;
    if (bytes_.size() - at < ws_header_bytes(frame)) break;
    const std::size_t length = ws_frame_bytes(frame);
    if (bytes_.size() - at < length) break;
    const std::size_t header = ws_header_bytes(frame);
    const auto opcode = static_cast<unsigned>(frame[0]);
    if (opcode != 0x81 && opcode != 0x82) fail("not a whole text or binary message");
    // A client's library hands out payloads at an alignment of its own choice.
    std::vector<std::uint64_t> aligned((length - header + 7) / 8);
    std::memcpy(aligned.data(), frame + header, length - header);
    on_message(opcode == 0x81,
               {reinterpret_cast<const std::byte*>(aligned.data()), length - header});
    at += length;
  }
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
}

void ModelClient::on_message(bool is_text, std::span<const std::byte> payload) {
  if (is_text) {
    return on_text({reinterpret_cast<const char*>(payload.data()), payload.size()});
  }
  const auto frame = read_frame(payload);
  if (!frame) return fail("does not verify");
  ++frames_count;
  on_frame(*frame);
}

void ModelClient::on_text(std::string_view json) {
  texts.emplace_back(json);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return fail("bad JSON: " + std::string(json));
  }
  const std::string_view op = root["op"];
  if (op == "subscribed") {
    for (const auto stream : root["streams"]) {
      const auto id = static_cast<std::uint32_t>(std::uint64_t(stream["stream"]));
      if (streams.contains(id)) fail("subscribed twice");
      ModelStream& s = streams[id];
      s.channel = std::string_view(stream["channel"]);
      s.symbol = std::string_view(stream["symbol"]);
      s.instrument = static_cast<std::uint32_t>(std::uint64_t(stream["instrument_id"]));
      s.from = std::stoull(std::string(std::string_view(stream["from_seq"])));
      s.at = s.began = s.from - 1;
      const auto number = [&stream](std::string_view key) {
        std::uint64_t value = 0;
        return stream[key].get(value) == simdjson::SUCCESS ? value : 0;
      };
      s.depth = number("depth");
      s.conflate_ms = number("conflate_ms");
      s.interval_ms = number("interval_ms");
      s.every = number("every");
      std::string_view end;
      if (stream["end_seq"].get(end) == simdjson::SUCCESS) s.end = std::stoull(std::string(end));
      // What is known is good only if nothing is left out between.
      if (ended_.contains(id) && ended_[id].at == s.at) {
        s.bids = std::move(ended_[id].bids);
        s.asks = std::move(ended_[id].asks);
        s.has_levels = ended_[id].has_levels;
        s.best = ended_[id].best;
        continue;
      }
      if (s.channel == "mbo") books.erase(s.instrument);
      if (s.channel == "bbo") bests.erase(s.instrument);
    }
  }
  if (op == "replay") {
    const auto id = static_cast<std::uint32_t>(std::uint64_t(root["stream"]));
    ModelStream& s = streams[id];
    s.refill_from = std::stoull(std::string(std::string_view(root["from_seq"])));
    s.refill_to = std::stoull(std::string(std::string_view(root["to_seq"])));
    s.refilled = s.refill_from - 1;
    s.is_refilling = true;
    s.refilled_seqs.clear();
  }
  if (op == "snapshot") {
    const auto id = static_cast<std::uint32_t>(std::uint64_t(root["stream"]));
    streams[id].is_live = false;
  }
  const bool is_set = op == "subscribed" && root["ended"].error() == simdjson::SUCCESS;
  if (op == "unsubscribed" || is_set) {
    for (const auto stream : root[is_set ? "ended" : "streams"]) {
      const auto id = static_cast<std::uint32_t>(std::uint64_t(stream["stream"]));
      const auto last = std::stoull(std::string(std::string_view(stream["last_seq"])));
      if (!streams.contains(id)) fail("unsubscribed what was not subscribed");
      if (last != streams[id].at) fail("last_seq of unsubscribed is not what was sent");
      ended_[id] = streams[id];
      streams.erase(id);
    }
  }
}

void ModelClient::on_system(const FrameView& frame) {
  const SystemFields& system = *frame.system;
  ++notices[system.code];
  switch (system.code) {
    case wire::SystemCode::heartbeat:
      heartbeat_seq = system.journal_seq;
      heartbeat_positions.clear();
      for (const wire::StreamPosition& position : system.positions) {
        heartbeat_positions[position.stream_id] = position.last_seq;
        if (!streams.contains(position.stream_id)) fail("heartbeat of a strange stream");
        if (streams[position.stream_id].at != position.last_seq) {
          fail("heartbeat says " + std::to_string(position.last_seq) + ", had " +
               std::to_string(streams[position.stream_id].at));
        }
      }
      if (on_heartbeat) on_heartbeat(*this);
      break;
    case wire::SystemCode::replay_completed:
      if (system.stream_id != 0) {
        refills_done.push_back(system.stream_id);
        ModelStream& refilled = streams[system.stream_id];
        refilled.is_refilling = false;
        if (on_refill_done) on_refill_done(system.stream_id, refilled);
      }
      for (const wire::StreamPosition& position : system.positions) {
        ModelStream& stream = streams[position.stream_id];
        if (stream.at != position.last_seq) fail("replay completed at another sequence");
        stream.is_caught_up = true;
      }
      break;
    case wire::SystemCode::slow_reader:
      is_slow_ = true;
      for (auto& [id, stream] : streams) stream.is_live = stream.is_caught_up = false;
      break;
    case wire::SystemCode::caught_up:
      is_slow_ = false;
      break;
    case wire::SystemCode::end_of_interval:
      for (const wire::StreamPosition& position : system.positions) {
        if (streams[position.stream_id].at != position.last_seq) fail("a range ends elsewhere");
        ranges_done.insert(position.stream_id);
        if (on_range) on_range(position.stream_id, streams[position.stream_id]);
        streams.erase(position.stream_id);
      }
      break;
    case wire::SystemCode::gap: {
      if (!system.gap || !streams.contains(system.gap->stream_id)) return fail("gap of what?");
      ModelStream& stream = streams[system.gap->stream_id];
      if (system.gap->from_seq != stream.at + 1) fail("a gap that begins elsewhere");
      gaps.push_back(*system.gap);
      stream.at = stream.began = system.gap->to_seq;
      stream.seqs.clear();
      stream.conflated.clear();
      // What was known is of before the gap; the snapshot that follows may not arrive any more.
      stream.has_levels = false;
      stream.best.reset();
      if (stream.channel == "mbo") books.erase(stream.instrument);
      break;
    }
    default:
      break;
  }
}

void ModelClient::on_frame(const FrameView& frame) {
  const wire::FrameHeader& header = frame.header;
  if (frame.system) return on_system(frame);
  if (frame.definition) {
    defined_.insert(frame.definition->instrument_id);
    definitions[frame.definition->instrument_id] = {.status = frame.definition->status,
                                                    .max_qty = frame.definition->max_qty};
    return;
  }
  const auto found = streams.find(header.stream_id);
  if (found == streams.end()) return fail("frame of a stream that is not subscribed");
  ModelStream& stream = found->second;
  if (!defined_.contains(stream.instrument)) fail("tick before the definition");
  if (on_refill(frame, stream)) return;
  if (has(header, wire::frame_flags::replay)) {
    ++replay_frames;
    if (stream.is_caught_up && !is_slow_) fail("replay frame on a live stream");
  }
  if (has(header, wire::frame_flags::partial)) ++partial_frames;
  check_chain(header, stream);
  if (!frame.mbo.empty()) on_mbo(frame, stream);
  std::uint64_t last = 0;
  const auto note = [&](std::uint64_t seq) {
    const bool is_snapshot = has(header, wire::frame_flags::snapshot);
    // A snapshot may have been made earlier, if nothing of the instrument happened since.
    if ((seq < header.first_seq && !is_snapshot) || seq > header.last_seq || seq < last)
      fail("seq out of its frame");
    last = seq;
    if (!is_snapshot) stream.seqs.push_back(seq);
  };
  for (const wire::MboEvent& event : frame.mbo) note(event.seq);
  for (const wire::Trade& trade : frame.trade) {
    note(trade.seq);
    trades.push_back(trade);
  }
  for (const wire::Status& status : frame.status) {
    note(status.seq);
    statuses.push_back(status);
  }
  for (const wire::Imbalance& imbalance : frame.imbalance) {
    note(imbalance.seq);
    imbalances.push_back(imbalance);
  }
  for (const wire::Bbo& best : frame.bbo) {
    note(best.seq);
    bests[best.instrument_id] = best;
    stream.best = best;
  }
  for (const wire::LevelUpdate& level : frame.level) note(level.seq);
  for (const wire::Depth10& depth : frame.depth10) note(depth.seq);
  for (const wire::Bar& bar : frame.bar) note(bar.seq);
  for (const wire::Stat& stat : frame.stat) note(stat.seq);
  for (const wire::BookCheck& check : frame.check) note(check.seq);
  if (!frame.level.empty()) on_level(frame, stream);
  on_others(frame, stream);
}

// What a gap fill brings once more ends before the stream's own place.
bool ModelClient::on_refill(const FrameView& frame, ModelStream& stream) {
  const wire::FrameHeader& header = frame.header;
  const bool is_replay = has(header, wire::frame_flags::replay);
  if (!is_replay || !stream.is_refilling || header.last_seq > stream.refill_to) return false;
  if (header.prev_seq != stream.refilled)
    fail("a gap fill with a gap: " + std::to_string(header.prev_seq) + " after " +
         std::to_string(stream.refilled) + " of " + std::to_string(stream.refill_from) + " to " +
         std::to_string(stream.refill_to));
  stream.refilled = header.last_seq;
  for (const wire::MboEvent& event : frame.mbo) stream.refilled_seqs.push_back(event.seq);
  for (const wire::Trade& trade : frame.trade) stream.refilled_seqs.push_back(trade.seq);
  return true;
}

void ModelClient::check_chain(const wire::FrameHeader& header, ModelStream& stream) {
  if (header.first_seq > header.last_seq) fail("first_seq > last_seq");
  if (has(header, wire::frame_flags::snapshot)) {
    ++snapshot_frames;
    if (header.prev_seq != 0) fail("prev_seq of a snapshot is not 0");
    if (has(header, wire::frame_flags::snapshot_begin) == stream.is_in_snapshot) {
      fail("a snapshot begins once");
    }
    stream.is_in_snapshot = !has(header, wire::frame_flags::snapshot_end);
    if (header.last_seq + 1 < stream.from) fail("snapshot before from_seq - 1");
    stream.at = stream.began = header.last_seq;
    stream.is_live = stream.is_caught_up = false;
    stream.seqs.clear();
    stream.conflated.clear();
    return;
  }
  if (stream.is_in_snapshot) fail("an event inside of a snapshot");
  if (header.prev_seq != stream.at) {
    fail("prev_seq " + std::to_string(header.prev_seq) + ", had " + std::to_string(stream.at));
  }
  const bool is_later =
      stream.is_partial ? header.first_seq == stream.at : header.first_seq > stream.at;
  if (!is_later) fail("a sequence came twice");
  const bool was_partial = stream.is_partial;
  stream.is_partial = has(header, wire::frame_flags::partial);
  stream.at = header.last_seq;
  stream.is_live = !has(header, wire::frame_flags::replay);
  const bool is_conflated = has(header, wire::frame_flags::conflated);
  if (is_conflated) {
    ++conflated_frames;
    stream.conflated.push_back(header.last_seq);
    if (stream.channel == "mbo" || stream.channel == "trade") fail("conflated what has no state");
  }
  if (has(header, wire::frame_flags::replay)) return;
  if (header.first_seq <= flushed_ && !was_partial && !is_conflated)
    fail("a frame at or before what was flushed");
  // What stands for the past may come when it wants, and says nothing of the burst.
  if (is_conflated && !has(header, wire::frame_flags::flush_last)) return;
  burst_last_ = std::max(burst_last_, header.last_seq);
  if (has(header, wire::frame_flags::flush_last)) flushed_ = burst_last_;
}

}  // namespace bourse

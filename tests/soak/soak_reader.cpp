#include "tests/soak/soak_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "replay/log/crc32c.h"  // crc32c

namespace bourse {
namespace {

struct Subscription {
  wire::Channel channel;
  std::uint32_t instrument;
  std::string_view channel_name;
  std::string_view symbol;
};

constexpr std::array<Subscription, SoakReader::stream_count> subscriptions = {{
    {wire::Channel::mbo, 1, "mbo", "BTC-USD"},
    {wire::Channel::mbo, 2, "mbo", "ETH-USD"},
    {wire::Channel::trade, 1, "trade", "BTC-USD"},
    {wire::Channel::trade, 2, "trade", "ETH-USD"},
}};

// So little that a reader who does not read is felt by the server within moments, but more than one
// segment of the loopback's peers: with less the kernel itself sends some KB every other second.
constexpr int slow_receive_bytes = 32768;

}  // namespace

SoakReader::SoakReader(const TlsContext& context, std::uint16_t port, Habit habit)
    : context_(context), port_(port), habit_(habit) {}

bool SoakReader::connect() {
  const bool is_slow = habit_ == Habit::stalls || habit_ == Habit::never_reads;
  connection_.reset();
  connection_ = std::make_unique<LoadConnection>(
      context_, port_, "/v1/md", "bourse.fb.v1",
      LoadConnection::Options{.receive_bytes = is_slow ? slow_receive_bytes : 0});
  heartbeats_.begin(true);
  std::string request = R"({"op":"subscribe","id":1,"subs":[)";
  for (std::size_t i = 0; i < stream_count; ++i) {
    Stream& stream = streams_[i];
    stream.last_seq = stream.position;
    stream.running = stream.whole;
    request += fmt::format(R"({}{{"channel":"{}","symbols":["{}"],"start":{{"seq":"{}"}}}})",
                           i == 0 ? "" : ",", subscriptions[i].channel_name,
                           subscriptions[i].symbol, stream.position + 1);
  }
  request += "]}";
  return connection_->is_sound() &&
         connection_->send(WsOpcode::text, std::as_bytes(std::span(request)));
}

void SoakReader::take() {
  connection_->take([this](WsOpcode opcode, std::span<const std::byte> payload) {
    if (opcode == WsOpcode::text)
      on_text({reinterpret_cast<const char*>(payload.data()), payload.size()});
    if (opcode == WsOpcode::binary) on_frame(payload);
  });
}

SoakReader::Contents SoakReader::contents() const {
  Contents out;
  std::ranges::transform(streams_, out.begin(),
                         [](const Stream& stream) { return stream.whole.content; });
  return out;
}

void SoakReader::on_text(std::string_view text) {
  if (text.find(R"("op":"error")") != text.npos || text.find(R"("rejected")") != text.npos)
    find(std::string(text));
}

void SoakReader::on_frame(std::span<const std::byte> payload) {
  ++frames_;
  const auto frame = read_frame(aligned_.of(payload));
  if (!frame) return find("a frame does not verify");
  const wire::FrameHeader& header = frame->header;
  newest_ = std::max(newest_, header.last_seq);
  if (frame->system) return on_system(*frame->system);
  const auto found = std::ranges::find_if(subscriptions, [&](const Subscription& one) {
    return wire::stream_id(one.channel, SymbolId{one.instrument}) == header.stream_id;
  });
  if (found == subscriptions.end()) return;  // a definition
  Stream& stream = streams_[static_cast<std::size_t>(found - subscriptions.begin())];
  replayed_ += (header.flags & wire::frame_flags::replay) != 0;
  if (header.prev_seq != stream.last_seq)
    return find(fmt::format("{} {}: after {} came a frame that follows {}", found->channel_name,
                            found->symbol, stream.last_seq, header.prev_seq));
  on_events(stream, header, frame->mbo);
  on_events(stream, header, frame->trade);
}

template <class Event>
void SoakReader::on_events(Stream& stream, const wire::FrameHeader& header,
                           std::span<const Event> events) {
  if (events.empty()) return;
  for (const Event& event : events) {
    const bool is_next = header.channel == wire::Channel::mbo
                             ? event.rpt_seq == stream.running.rpt_seq + 1
                             : event.rpt_seq > stream.running.rpt_seq;
    if (!is_next || event.seq <= stream.position)
      return find(fmt::format("event {} of transaction {} came after event {} and transaction {}",
                              event.rpt_seq, event.seq, stream.running.rpt_seq, stream.position));
    stream.running.rpt_seq = event.rpt_seq;
    if (event.seq > end_) continue;
    Content& content = stream.running.content;
    ++content.events;
    content.crc = crc32c(content.crc, std::as_bytes(std::span(&event, 1)));
  }
  stream.last_seq = header.last_seq;
  if ((header.flags & wire::frame_flags::partial) != 0) return;
  stream.position = header.last_seq;
  stream.whole = stream.running;
}

void SoakReader::on_system(const SystemFields& system) {
  newest_ = std::max(newest_, system.journal_seq);
  if (system.code == wire::SystemCode::gap) find("a gap that nobody asked for");
  slow_times_ += system.code == wire::SystemCode::slow_reader && !heartbeats_.is_behind();
  if (heartbeats_.take(system)) whole_up_to_ = std::max(whole_up_to_, system.journal_seq);
}

void SoakReader::find(std::string what) {
  if (fault_.empty()) fault_ = std::move(what);
  connection_->give_up();
}

}  // namespace bourse

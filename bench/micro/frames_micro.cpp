// What a tick costs on its way out: from public events to frames in the frame log, from there into
// a session's outbox, and what a reader pays to verify.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "feed/instrument_table.h"       // InstrumentTable
#include "feed/market/frame_log.h"       // FrameLog
#include "feed/market/market_frames.h"   // FrameWriter, read_frame
#include "feed/market/stream_encoder.h"  // StreamEncoder
#include "feed/net/outbox.h"             // Outbox
#include "matching/event.h"              // EventBuffer
#include "matching/transaction.h"        // encode, TransactionView

namespace bourse {
namespace {

InstrumentBody instrument() {
  InstrumentBody body{};
  std::memcpy(body.symbol, "ETH-USD", 7);
  body.tick_size_e9 = 10'000'000;
  body.lot_size = 100;
  return body;
}

// One transaction per add, as many as asked for, with sequences from 1.
class Adds {
 public:
  explicit Adds(std::size_t count) : words_(count * record_words) {
    EventBuffer events;
    for (std::size_t i = 0; i < count; ++i) {
      Command command{};
      command.sequence = Sequence{i + 1};
      command.type = CommandType::new_order;
      events.clear();
      events.add_public() = {.kind = EventKind::add,
                             .side = Side::buy,
                             .flags = event_flags::last,
                             .symbol = SymbolId{1},
                             .order_id = OrderId{i + 1},
                             .price = PriceTicks{5000},
                             .quantity = QuantityLots{10},
                             .aux = 0,
                             .taker_order_id = OrderId{0},
                             .leaves = QuantityLots{10},
                             .rpt_sequence = RptSequence{i + 1}};
      const std::span<std::byte> bytes =
          std::as_writable_bytes(std::span(words_).subspan(i * record_words, record_words));
      encode(command, events, Epoch{1}, 0, bytes);
      views_.push_back(*TransactionView::parse(bytes));
    }
  }
  const std::vector<TransactionView>& views() const { return views_; }

 private:
  static constexpr std::size_t record_words = 64;
  std::vector<std::uint64_t> words_;
  std::vector<TransactionView> views_;
};

// The hub's part: events of a burst to frames to the frame log. Items are ticks.
void frames_encode_burst(benchmark::State& state) {
  const auto burst = static_cast<std::size_t>(state.range(0));
  const Adds adds(burst);
  InstrumentTable instruments;
  instruments.define(SymbolId{1}, instrument());
  FrameLog frames(32 << 20);
  StreamEncoder encoder(instruments);
  std::size_t bytes = 0;
  for (auto _ : state) {
    encoder.want(wire::stream_id(wire::Channel::mbo, SymbolId{1}), 0);  // the same sequences again
    for (const TransactionView& view : adds.views()) encoder.add(view);
    encoder.begin_flush(TimeNs{1}, 0);
    EncodedFrame frame{};
    while (encoder.next(frame)) {
      frames.append({.first_seq = frame.first_seq,
                     .last_seq = frame.last_seq,
                     .offset = 0,
                     .length = 0,
                     .stream_id = frame.stream_id,
                     .burst_seq = frame.last_seq,
                     .ws_header_bytes = 0,
                     .flags = frame.flags,
                     .is_last_of_burst = frame.is_last},
                    frame.bytes);
      bytes += frame.bytes.size();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(frames_encode_burst)->ArgName("burst")->Arg(1)->Arg(8)->Arg(64)->Arg(1000);

// FlatBuffers alone.
void frames_write_mbo(benchmark::State& state) {
  const std::vector<wire::MboEvent> events(static_cast<std::size_t>(state.range(0)));
  wire::FrameHeader header{};
  header.channel = wire::Channel::mbo;
  FrameWriter writer;
  for (auto _ : state) benchmark::DoNotOptimize(writer.mbo(header, events).data());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(frames_write_mbo)->ArgName("events")->Arg(1)->Arg(8)->Arg(64)->Arg(1000);

// A session's part: copy one frame and patch its header.
void frames_copy_to_outbox(benchmark::State& state) {
  const std::vector<wire::MboEvent> events(static_cast<std::size_t>(state.range(0)));
  wire::FrameHeader header{};
  header.channel = wire::Channel::mbo;
  FrameWriter writer;
  FrameLog frames(1 << 20);
  frames.append(FrameEntry{}, writer.mbo(header, events));
  Outbox out;
  for (auto _ : state) {
    const std::span<std::byte> frame =
        out.append_framed(frames.bytes(0)).subspan(frames.entry(0).ws_header_bytes);
    wire::FrameHeader copied = header_of(frame);
    copied.flags |= wire::frame_flags::flush_last;
    set_header(frame, copied);
    if (out.size() > 12 << 10) out.consume(out.size());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(frames_copy_to_outbox)->ArgName("events")->Arg(1)->Arg(8)->Arg(64);

void frames_read(benchmark::State& state) {
  const std::vector<wire::MboEvent> events(static_cast<std::size_t>(state.range(0)));
  wire::FrameHeader header{};
  header.channel = wire::Channel::mbo;
  FrameWriter writer;
  const std::span<const std::byte> frame = writer.mbo(header, events);
  for (auto _ : state) benchmark::DoNotOptimize(read_frame(frame)->mbo.data());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(frames_read)->ArgName("events")->Arg(1)->Arg(1000);

}  // namespace
}  // namespace bourse

// bourse_counted --count N: what the stages beside the engine do, N times each in functions with
// names of their own, for callgrind (bench/instructions.py). All memory is there before.
//   log_append     one transaction of 344 bytes into the log's memory tail
//   frame_encode   one transaction through the hub to its frame in the frame log
//   frame_copy     that frame into the outbox of a session
//   frame_read     one frame verified and its header read
//   crc32c_4k      the checksum of 4 KiB
//   control_json   one subscribe request parsed
//   order_read     one order of FlatBuffers verified and read

#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "bench/load/aligned_copy.h"    // AlignedCopy
#include "bench/load/held_streams.h"    // HeldStreams
#include "bench/load/order_stream.h"    // define_stream_symbol
#include "bench/load/sample_record.h"   // order_record, set_sequence
#include "bench/load/wire_client.h"     // wire_order
#include "bench/measure/arguments.h"    // Arguments
#include "bench/measure/counted.h"      // COUNTED
#include "feed/market/control_json.h"   // parse_control
#include "feed/market/hub.h"            // Hub
#include "feed/market/market_frames.h"  // read_frame
#include "feed/net/outbox.h"            // Outbox
#include "feed/trade/order_frames.h"    // read_order, encode_order
#include "matching/broadcast_ring.h"    // BroadcastRing
#include "matching/check.h"             // CHECK
#include "matching/engine.h"            // Engine
#include "matching/event.h"             // EventBuffer
#include "replay/log/crc32c.h"          // crc32c

namespace bourse {
namespace {

constexpr const char* usage = "usage: bourse_counted --count N\n";
constexpr std::string_view request =
    R"({"op":"subscribe","id":7,"subs":[{"channel":"mbo","symbols":["BTC-USD","ETH-USD"],)"
    R"("start":{"seq":"900"},"snapshot":true}]})";

using Records = std::vector<std::vector<std::uint64_t>>;

// A symbol, then orders that rest, each the only one at its time.
Records make_transactions(std::uint64_t count) {
  Engine engine({.symbols_max = 1, .accounts_max = 2, .orders_max = 1u << 20});
  EventBuffer events;
  Records records;
  for (std::uint64_t i = 0; i <= count; ++i) {
    Command command = define_stream_symbol(1);
    if (i > 0) {
      command = {};
      command.type = CommandType::new_order;
      command.symbol = SymbolId{1};
      command.account = AccountId{1};
      command.order.order_id = OrderId{i + 1};
      command.order.price = PriceTicks{static_cast<std::int64_t>(1'000 + i % 100)};
      command.order.quantity = QuantityLots{10};
      command.order.side = Side::buy;
      command.order.type = OrderType::limit;
      command.order.time_in_force = TimeInForce::gtc;
    }
    command.sequence = Sequence{i + 1};
    command.time = TimeNs{static_cast<std::int64_t>(i + 1)};
    engine.apply(command, events);
    std::vector<std::uint64_t>& record =
        records.emplace_back(encoded_bytes(command, events) / sizeof(std::uint64_t));
    encode(command, events, Epoch{1}, engine.state_hash(),
           std::as_writable_bytes(std::span(record)));
  }
  return records;
}

}  // namespace

COUNTED void counted_log_append(BroadcastRing::Writer& writer, std::vector<std::byte>& record,
                                std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t sequence = begin; sequence < end; ++sequence) {
    set_sequence(record, sequence);
    CHECK(writer.append(record));
  }
}
COUNTED void counted_frame_encode(Hub& hub, const std::vector<TransactionView>& transactions,
                                  std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    hub.on_transaction(transactions[i]);
    hub.flush(transactions[i].time());
  }
}
COUNTED void counted_frame_copy(const FrameLog& frames, Outbox& outbox, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    outbox.append_framed(frames.bytes(frames.head() - 1));
    outbox.consume(outbox.size());
  }
}
COUNTED std::uint64_t counted_frame_read(std::span<const std::byte> frame, std::uint64_t times) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < times; ++i) sum += read_frame(frame)->header.last_seq;
  return sum;
}
COUNTED std::uint32_t counted_crc32c_4k(std::span<const std::byte> bytes, std::uint64_t times) {
  std::uint32_t crc = 0;
  for (std::uint64_t i = 0; i < times; ++i) crc = crc32c(crc, bytes);
  return crc;
}
COUNTED std::size_t counted_control_json(std::uint64_t times) {
  std::size_t subscriptions = 0;
  for (std::uint64_t i = 0; i < times; ++i)
    subscriptions += parse_control(request)->subscriptions.size();
  return subscriptions;
}
COUNTED std::uint64_t counted_order_read(std::span<const std::byte> bytes, std::uint64_t times) {
  std::uint64_t sum = 0;
  WireOrder order;
  for (std::uint64_t i = 0; i < times; ++i) {
    CHECK(read_order(bytes, order));
    sum += order.qty;
  }
  return sum;
}

namespace {

int run(std::uint64_t count) {
  BroadcastRing ring{BroadcastRing::Options{}};
  BroadcastRing::Writer writer = ring.writer();
  std::vector<std::byte> record = order_record(true);
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    set_sequence(record, sequence);
    CHECK(writer.append(record));
  }
  counted_log_append(writer, record, count + 1, 2 * count + 1);

  const Records records = make_transactions(2 * count);
  std::vector<TransactionView> transactions;
  for (const std::vector<std::uint64_t>& one : records)
    transactions.push_back(*TransactionView::parse(std::as_bytes(std::span(one))));
  Hub hub(MarketState{}, Epoch{1}, FeedOptions{});
  HeldStreams held;
  for (std::size_t i = 0; i <= count; ++i) {
    hub.on_transaction(transactions[i]);
    hub.flush(transactions[i].time());
    held.hold(hub);
  }
  counted_frame_encode(hub, transactions, count + 1, 2 * count + 1);

  const FrameLog& frames = hub.frames();
  const FrameEntry& entry = frames.entry(frames.head() - 1);
  Outbox outbox;
  outbox.append_framed(frames.bytes(frames.head() - 1));
  outbox.consume(outbox.size());
  counted_frame_copy(frames, outbox, count);
  AlignedCopy aligned;
  const auto payload = frames.bytes(frames.head() - 1).subspan(entry.ws_header_bytes);
  std::uint64_t sum = counted_frame_read(aligned.of(payload), count);
  CHECK(sum == count * entry.last_seq);

  const std::array<std::byte, 4096> block{};
  sum += counted_crc32c_4k(block, count);
  CHECK(parse_control(request).has_value());  // the parser's memory is there then
  CHECK(counted_control_json(count) == count);
  const std::vector<std::byte> order = encode_order(wire_order(0, 1));
  sum += counted_order_read(order, count);
  std::printf("7 operations, %llu times each\n", static_cast<unsigned long long>(count));
  return sum == 0 ? 1 : 0;
}

}  // namespace
}  // namespace bourse

int main(int argc, char** argv) {
  bourse::Arguments arguments(argc, argv, bourse::usage);
  const std::uint64_t count = arguments.number("--count", 10'000);
  arguments.finish();
  return bourse::run(count);
}

// Transactions for tests of the log: made up from their sequence alone, so that a reader can tell
// whether it got the right one, byte for byte, without keeping what was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "matching/broadcast_ring.h"  // BroadcastRing::Writer
#include "matching/transaction.h"     // encode

namespace bourse {

inline std::uint64_t mix(std::uint64_t x) {  // splitmix64
  x += 0x9e37'79b9'7f4a'7c15;
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
  return x ^ (x >> 31);
}

class SampleTransactions {
 public:
  // Of 176 bytes and some events; every `large_every`th has many (0: none has).
  explicit SampleTransactions(std::uint64_t large_every = 0) : large_every_(large_every) {}

  static TimeNs time_of(std::uint64_t sequence) {
    return TimeNs{static_cast<std::int64_t>(1'700'000'000'000'000'000 + sequence / 3 * 1000)};
  }

  // Valid until the next call.
  std::span<const std::byte> make(std::uint64_t sequence, std::uint32_t epoch = 1) {
    const std::uint64_t word = mix(sequence);
    Command command{};
    command.sequence = Sequence{sequence};
    command.time = time_of(sequence);
    command.type = CommandType::new_order;
    command.symbol = SymbolId{1};
    command.account = AccountId{static_cast<std::uint32_t>(1 + word % 7)};
    command.order.order_id = OrderId{sequence};
    command.order.price = PriceTicks{static_cast<std::int64_t>(word % 10'000)};
    command.order.quantity = QuantityLots{1 + word % 100};
    command.order.side = Side::buy;
    command.order.type = OrderType::limit;
    command.order.time_in_force = TimeInForce::gtc;
    if (word % 5 == 0) command.order.client_order_id.assign("client order");
    events_.clear();
    std::size_t count = word % 4;
    if (large_every_ != 0 && sequence % large_every_ == 0) count = 400;
    return encode_events(command, count, epoch);
  }

  // As large as a transaction can be.
  std::span<const std::byte> make_largest(std::uint64_t sequence, std::uint32_t epoch = 1) {
    Command command{};
    command.sequence = Sequence{sequence};
    command.time = time_of(sequence);
    command.type = CommandType::new_order;
    command.order.client_order_id.assign("the largest there is");
    events_.clear();
    for (std::size_t i = 0; i < EventBuffer::exec_events_max; ++i) {
      ExecEvent& exec = events_.add_exec();
      exec = ExecEvent{};
      exec.order_id = OrderId{mix(i)};
      exec.client_order_id.assign("long");
    }
    return encode_events(command, EventBuffer::public_events_max, epoch);
  }

  // Whether `got` is what make() makes for its sequence and epoch.
  bool matches(const TransactionView& got) {
    const auto expected = make(got.sequence().value(), got.epoch().value());
    return expected.size() == got.bytes().size() &&
           std::memcmp(expected.data(), got.bytes().data(), expected.size()) == 0;
  }

 private:
  std::span<const std::byte> encode_events(const Command& command, std::size_t public_count,
                                           std::uint32_t epoch) {
    for (std::size_t i = 0; i < public_count; ++i) {
      PublicEvent& event = events_.add_public();
      event = PublicEvent{};
      event.kind = EventKind::add;
      event.symbol = SymbolId{1};
      event.order_id = OrderId{command.sequence.value() + i};
      event.quantity = QuantityLots{mix(i) % 1000};
      event.rpt_sequence = RptSequence{i + 1};
    }
    bytes_.resize(encoded_bytes(command, events_));
    const std::size_t length =
        encode(command, events_, Epoch{epoch}, mix(command.sequence.value()), bytes_);
    return std::span<const std::byte>(bytes_).first(length);
  }

  std::uint64_t large_every_;
  EventBuffer events_;
  std::vector<std::byte> bytes_;
};

}  // namespace bourse

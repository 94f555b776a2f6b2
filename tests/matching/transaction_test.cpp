#include "matching/transaction.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace bourse {
namespace {

Command order_command(std::string_view client_order_id = {}) {
  Command command{};
  command.sequence = Sequence{77};
  command.time = TimeNs{1'234'567'890};
  command.type = CommandType::new_order;
  command.symbol = SymbolId{3};
  command.account = AccountId{9};
  command.order.order_id = OrderId{77};
  command.order.price = PriceTicks{-12};
  command.order.quantity = QuantityLots{500};
  command.order.side = Side::sell;
  EXPECT_TRUE(command.order.client_order_id.assign(client_order_id));
  return command;
}

void fill(EventBuffer& events, std::size_t publics, std::size_t execs, bool has_client_ids) {
  for (std::size_t i = 0; i < publics; ++i) {
    PublicEvent& event = events.add_public();
    event = {};
    event.kind = EventKind::execute;
    event.order_id = OrderId{100 + i};
    event.rpt_sequence = RptSequence{i + 1};
  }
  for (std::size_t i = 0; i < execs; ++i) {
    ExecEvent& event = events.add_exec();
    event = {};
    event.exec_sequence = ExecSequence{i + 1};
    event.account = AccountId{9};
    event.flags = exec_flags::duplicate;
    // Only the last has one: all must then be written in full.
    if (has_client_ids && i + 1 == execs) {
      EXPECT_TRUE(event.client_order_id.assign("mine"));
    }
  }
}

struct Encoded {
  std::vector<std::uint64_t> words;
  std::size_t length = 0;

  Encoded(const Command& command, const EventBuffer& events)
      : words(encoded_bytes(command, events) / 8) {
    length = encode(command, events, Epoch{4}, 0xabcdef, std::as_writable_bytes(std::span(words)));
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(words)); }
};

bool same(const auto& a, const auto& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

TEST(Transaction, WhatWasEncodedIsParsedBack) {
  for (const bool has_client_ids : {false, true}) {
    for (const std::size_t publics : {0u, 1u, 5u}) {
      for (const std::size_t execs : {0u, 1u, 4u}) {
        const Command command = order_command(has_client_ids ? "A-17" : "");
        EventBuffer events;
        fill(events, publics, execs, has_client_ids);
        const Encoded encoded(command, events);
        EXPECT_EQ(encoded.length, encoded_bytes(command, events));
        EXPECT_EQ(encoded.length % 8, 0u);

        const auto view = TransactionView::parse(encoded.bytes());
        ASSERT_TRUE(view.has_value());
        EXPECT_EQ(view->sequence(), Sequence{77});
        EXPECT_EQ(view->time(), TimeNs{1'234'567'890});
        EXPECT_EQ(view->epoch(), Epoch{4});
        EXPECT_EQ(view->state_hash(), 0xabcdefu);
        EXPECT_EQ(view->command_type(), CommandType::new_order);
        EXPECT_TRUE(same(view->command(), command));
        ASSERT_EQ(view->public_events().size(), publics);
        for (std::size_t i = 0; i < publics; ++i) {
          EXPECT_TRUE(same(view->public_events()[i], events.public_events()[i]));
        }
        ASSERT_EQ(view->exec_count(), execs);
        for (std::size_t i = 0; i < execs; ++i) {
          EXPECT_TRUE(same(view->exec_event(i), events.exec_events()[i]));
        }
        EXPECT_EQ(view->bytes().size(), encoded.length);
      }
    }
  }
}

TEST(Transaction, ZeroTailsAreNotWritten) {
  EventBuffer events;
  fill(events, 1, 2, false);
  const std::size_t fixed = sizeof(RecordHeader) + sizeof(TransactionHeader) + sizeof(PublicEvent);
  EXPECT_EQ(encoded_bytes(order_command(), events), fixed + 120 + 2 * 104);
  EXPECT_EQ(encoded_bytes(order_command("x"), events), fixed + 160 + 2 * 104);
  fill(events, 0, 1, true);
  EXPECT_EQ(encoded_bytes(order_command(), events), fixed + 120 + 3 * 144);
}

TEST(Transaction, AnInstrumentIsWrittenInFull) {
  Command command{};
  command.type = CommandType::define_instrument;
  command.instrument.price_max = PriceTicks{123};
  command.instrument.quantity_exponent = -8;
  EventBuffer events;
  const Encoded encoded(command, events);
  const auto view = TransactionView::parse(encoded.bytes());
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(same(view->command(), command));
}

TEST(Transaction, TheLargestOneFitsTheLimit) {
  EventBuffer events;
  fill(events, EventBuffer::public_events_max, EventBuffer::exec_events_max, true);
  const Command command = order_command("x");
  EXPECT_EQ(encoded_bytes(command, events), transaction_bytes_max);
  const Encoded encoded(command, events);
  EXPECT_TRUE(TransactionView::parse(encoded.bytes()).has_value());
}

TEST(Transaction, EveryTruncationIsRefused) {
  EventBuffer events;
  fill(events, 2, 2, true);
  const Encoded encoded(order_command("x"), events);
  for (std::size_t length = 0; length < encoded.length; ++length) {
    EXPECT_FALSE(TransactionView::parse(encoded.bytes().first(length)).has_value()) << length;
  }
}

TEST(Transaction, BytesBehindTheRecordAreLeftAlone) {
  EventBuffer events;
  fill(events, 2, 2, true);
  Encoded encoded(order_command("x"), events);
  encoded.words.resize(encoded.words.size() + 100, ~std::uint64_t{0});
  const auto view = TransactionView::parse(encoded.bytes());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->bytes().size(), encoded.length);
}

TEST(Transaction, LengthsThatDoNotAddUpAreRefused) {
  EventBuffer events;
  fill(events, 2, 2, false);
  const Encoded good(order_command(), events);
  const auto is_taken_with = [&](std::size_t offset, auto value) {
    Encoded bad = good;
    bad.words.resize(bad.words.size() + 1000);
    std::memcpy(reinterpret_cast<std::byte*>(bad.words.data()) + offset, &value, sizeof value);
    return TransactionView::parse(bad.bytes()).has_value();
  };
  const auto length = static_cast<std::uint32_t>(good.length);
  constexpr std::size_t at_length = offsetof(RecordHeader, length);
  ASSERT_TRUE(is_taken_with(at_length, length));
  for (const std::uint32_t bad : {0u, 8u, length - 8, length - 1, length + 1, length + 8, ~0u}) {
    EXPECT_FALSE(is_taken_with(at_length, bad)) << bad;
  }
  constexpr std::size_t body = sizeof(RecordHeader);
  for (const std::uint32_t bad : {0u, 1u, 3u, 0x8000'0000u, ~0u}) {
    EXPECT_FALSE(is_taken_with(body + offsetof(TransactionHeader, public_count), bad)) << bad;
    EXPECT_FALSE(is_taken_with(body + offsetof(TransactionHeader, exec_count), bad)) << bad;
  }
  for (const int bad : {0, 8, 104, 119, 144, 160, 0xffff}) {
    EXPECT_FALSE(is_taken_with(body + offsetof(TransactionHeader, command_bytes),
                               static_cast<std::uint16_t>(bad)))
        << bad;
  }
  for (const int bad : {0, 8, 103, 120, 144, 160, 0xffff}) {
    EXPECT_FALSE(is_taken_with(body + offsetof(TransactionHeader, exec_bytes),
                               static_cast<std::uint16_t>(bad)))
        << bad;
  }
  for (const int bad : {0, 2, 3, 4, 5, 0xffff}) {
    EXPECT_FALSE(is_taken_with(offsetof(RecordHeader, type), static_cast<std::uint16_t>(bad)))
        << bad;
  }
  EXPECT_FALSE(is_taken_with(offsetof(RecordHeader, version), std::uint8_t{2}));
}

TEST(ClientOrderId, TakesPrintableTextUpToItsLengthOnly) {
  ClientOrderId id{};
  EXPECT_FALSE(id.assign("0123456789012345678901234567890123456"));
  EXPECT_TRUE(id.empty());
  EXPECT_TRUE(id.assign("012345678901234567890123456789012345"));
  EXPECT_EQ(id.view().size(), ClientOrderId::length_max);
  EXPECT_FALSE(id.assign("tab\there"));
  EXPECT_TRUE(id.empty());
  EXPECT_TRUE(id.assign(""));
}

}  // namespace
}  // namespace bourse

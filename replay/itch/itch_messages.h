// Nasdaq TotalView-ITCH 5.0: bytes to messages and back, for all 23 types.
//   Shape:  the first byte is the type, then MessageHeader, then the fields that the struct lists;
//           each type has one size, asserted here against the specification.
//   Units:  see itch_fields.h.
//   Owner:  free functions; the visitor is called at most once, with a value.
//   Errors: a Decode; nothing is read outside the message that was given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "replay/itch/itch_fields.h"   // FieldReader, FieldWriter, MessageHeader
#include "replay/itch/itch_notices.h"  // SystemEvent, StockDirectory, ...
#include "replay/itch/itch_orders.h"   // AddOrder, OrderExecuted, ...

namespace bourse::itch {

// Sums up the bytes of a message.
struct FieldSizes {
  std::size_t bytes = 0;
  template <class T>
  constexpr void operator()(std::string_view, const T&) {
    bytes += field_bytes<T>;
  }
};

template <class Message>
inline constexpr std::size_t message_bytes = [] {
  const Message message{};
  FieldSizes sizes{.bytes = 1};
  MessageHeader::fields(message.header, sizes);
  Message::fields(message, sizes);
  return sizes.bytes;
}();

static_assert(message_bytes<SystemEvent> == 12);
static_assert(message_bytes<StockDirectory> == 39);
static_assert(message_bytes<StockTradingAction> == 25);
static_assert(message_bytes<RegShoRestriction> == 20);
static_assert(message_bytes<MarketParticipantPosition> == 26);
static_assert(message_bytes<MwcbDeclineLevel> == 35);
static_assert(message_bytes<MwcbStatus> == 12);
static_assert(message_bytes<IpoQuotingPeriodUpdate> == 28);
static_assert(message_bytes<LuldAuctionCollar> == 35);
static_assert(message_bytes<OperationalHalt> == 21);
static_assert(message_bytes<AddOrder> == 36);
static_assert(message_bytes<AddOrderMpid> == 40);
static_assert(message_bytes<OrderExecuted> == 31);
static_assert(message_bytes<OrderExecutedWithPrice> == 36);
static_assert(message_bytes<OrderCancel> == 23);
static_assert(message_bytes<OrderDelete> == 19);
static_assert(message_bytes<OrderReplace> == 35);
static_assert(message_bytes<Trade> == 44);
static_assert(message_bytes<CrossTrade> == 40);
static_assert(message_bytes<BrokenTrade> == 19);
static_assert(message_bytes<NetOrderImbalanceIndicator> == 50);
static_assert(message_bytes<RetailPriceImprovementIndicator> == 20);
static_assert(message_bytes<DirectListingWithCapitalRaise> == 48);

inline constexpr std::size_t message_bytes_max = 50;

template <class... Messages>
struct MessageList {
  // Bytes of a message by the byte of its type; 0 = no such type.
  static constexpr std::array<std::uint8_t, 256> sizes() {
    std::array<std::uint8_t, 256> table{};
    ((table[static_cast<unsigned char>(Messages::type)] =
          static_cast<std::uint8_t>(message_bytes<Messages>)),
     ...);
    return table;
  }
  static constexpr std::array<std::string_view, 256> names() {
    std::array<std::string_view, 256> table{};
    ((table[static_cast<unsigned char>(Messages::type)] = Messages::name), ...);
    return table;
  }
  static constexpr std::size_t count = sizeof...(Messages);
};
using AllMessages =
    MessageList<SystemEvent, StockDirectory, StockTradingAction, RegShoRestriction,
                MarketParticipantPosition, MwcbDeclineLevel, MwcbStatus, IpoQuotingPeriodUpdate,
                LuldAuctionCollar, OperationalHalt, AddOrder, AddOrderMpid, OrderExecuted,
                OrderExecutedWithPrice, OrderCancel, OrderDelete, OrderReplace, Trade, CrossTrade,
                BrokenTrade, NetOrderImbalanceIndicator, RetailPriceImprovementIndicator,
                DirectListingWithCapitalRaise>;
static_assert(AllMessages::count == 23);
inline constexpr std::array<std::uint8_t, 256> message_sizes = AllMessages::sizes();
inline constexpr std::array<std::string_view, 256> message_names = AllMessages::names();

// 1 for the types named here, 0 for any other: numbers to count with.
template <class... Messages>
constexpr std::array<std::uint8_t, 256> marks() {
  std::array<std::uint8_t, 256> table{};
  ((table[static_cast<unsigned char>(Messages::type)] = 1), ...);
  return table;
}
// What adds an order, and what takes shares of one away.
inline constexpr auto is_add = marks<AddOrder, AddOrderMpid>();
inline constexpr auto is_reduction =
    marks<OrderDelete, OrderExecuted, OrderExecutedWithPrice, OrderCancel>();

enum class Decode : std::uint8_t { ok = 0, unknown_type = 1, wrong_size = 2 };

// The message at `bytes`, whose size has been checked.
template <class Message>
Message decode(const std::byte* bytes) {
  Message message;
  FieldReader read(bytes + 1);
  MessageHeader::fields(message.header, read);
  Message::fields(message, read);
  return message;
}

// Decodes `message` and hands it to visitor(const T&), T being one of the 23 types.
template <class Visitor>
Decode dispatch(std::span<const std::byte> message, Visitor&& visitor) {
  if (message.empty()) return Decode::wrong_size;
  const auto type = static_cast<unsigned char>(message[0]);
  if (message_sizes[type] == 0) return Decode::unknown_type;
  if (message_sizes[type] != message.size()) return Decode::wrong_size;
  switch (static_cast<char>(type)) {
    case SystemEvent::type:
      visitor(decode<SystemEvent>(message.data()));
      break;
    case StockDirectory::type:
      visitor(decode<StockDirectory>(message.data()));
      break;
    case StockTradingAction::type:
      visitor(decode<StockTradingAction>(message.data()));
      break;
    case RegShoRestriction::type:
      visitor(decode<RegShoRestriction>(message.data()));
      break;
    case MarketParticipantPosition::type:
      visitor(decode<MarketParticipantPosition>(message.data()));
      break;
    case MwcbDeclineLevel::type:
      visitor(decode<MwcbDeclineLevel>(message.data()));
      break;
    case MwcbStatus::type:
      visitor(decode<MwcbStatus>(message.data()));
      break;
    case IpoQuotingPeriodUpdate::type:
      visitor(decode<IpoQuotingPeriodUpdate>(message.data()));
      break;
    case LuldAuctionCollar::type:
      visitor(decode<LuldAuctionCollar>(message.data()));
      break;
    case OperationalHalt::type:
      visitor(decode<OperationalHalt>(message.data()));
      break;
    case AddOrder::type:
      visitor(decode<AddOrder>(message.data()));
      break;
    case AddOrderMpid::type:
      visitor(decode<AddOrderMpid>(message.data()));
      break;
    case OrderExecuted::type:
      visitor(decode<OrderExecuted>(message.data()));
      break;
    case OrderExecutedWithPrice::type:
      visitor(decode<OrderExecutedWithPrice>(message.data()));
      break;
    case OrderCancel::type:
      visitor(decode<OrderCancel>(message.data()));
      break;
    case OrderDelete::type:
      visitor(decode<OrderDelete>(message.data()));
      break;
    case OrderReplace::type:
      visitor(decode<OrderReplace>(message.data()));
      break;
    case Trade::type:
      visitor(decode<Trade>(message.data()));
      break;
    case CrossTrade::type:
      visitor(decode<CrossTrade>(message.data()));
      break;
    case BrokenTrade::type:
      visitor(decode<BrokenTrade>(message.data()));
      break;
    case NetOrderImbalanceIndicator::type:
      visitor(decode<NetOrderImbalanceIndicator>(message.data()));
      break;
    case RetailPriceImprovementIndicator::type:
      visitor(decode<RetailPriceImprovementIndicator>(message.data()));
      break;
    case DirectListingWithCapitalRaise::type:
      visitor(decode<DirectListingWithCapitalRaise>(message.data()));
      break;
    default:
      return Decode::unknown_type;
  }
  return Decode::ok;
}

// Appends the message as a file holds it: its length in two bytes, big-endian, then its bytes.
template <class Message>
void append_framed(const Message& message, std::vector<std::byte>& to) {
  constexpr std::size_t bytes = message_bytes<Message>;
  const std::size_t at = to.size();
  to.resize(at + 2 + bytes);
  to[at + 1] = static_cast<std::byte>(bytes);
  to[at + 2] = static_cast<std::byte>(Message::type);
  FieldWriter write(to.data() + at + 3);
  MessageHeader::fields(message.header, write);
  Message::fields(message, write);
}

}  // namespace bourse::itch

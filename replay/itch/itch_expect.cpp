// ItchBooks::expect(): each round asks for what the lines of the round before lead to.

#include <array>
#include <bit>
#include <cstring>

#include "replay/itch/itch_books.h"     // ItchBooks
#include "replay/itch/itch_messages.h"  // AddOrder, ...

namespace bourse {
namespace {

// All that name an order that is there. To count with, because which message comes next is a
// toss-up, and a branch on it costs more than all else here.
constexpr auto is_change =
    itch::marks<itch::OrderDelete, itch::OrderExecuted, itch::OrderExecutedWithPrice,
                itch::OrderCancel, itch::OrderReplace>();

template <class T>
T integer(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::byteswap(value);
}

// Where all messages about displayed orders have these fields.
std::uint16_t locate_of(const std::byte* message) { return integer<std::uint16_t>(message + 1); }
std::uint64_t reference_of(const std::byte* message) {
  return integer<std::uint64_t>(message + 11);
}

bool is_sell(const std::byte* add) { return static_cast<char>(add[19]) == 'S'; }

struct Picked {
  // One more than may be kept: the one that is not is written too.
  std::array<const std::byte*, ItchBooks::batch_max + 1> messages;
  std::size_t count = 0;
  void take(const std::byte* message, std::uint8_t is_wanted) {
    messages[count] = message;
    count += is_wanted;
  }
};

}  // namespace

void ItchBooks::expect(std::span<const std::span<const std::byte>> messages) const {
  Picked changes;
  Picked adds;
  for (const std::span<const std::byte> message : messages) {
    const auto type = static_cast<unsigned char>(message[0]);
    changes.take(message.data(), is_change[type]);
    adds.take(message.data(), itch::is_add[type]);
  }
  std::array<std::uint32_t, batch_max> slots;
  std::array<const ItchLadder*, batch_max> ladders;
  std::array<std::uint32_t, batch_max> levels;

  for (std::size_t i = 0; i < changes.count; ++i) {
    orders_.request_entry(reference_of(changes.messages[i]));
  }
  for (std::size_t i = 0; i < adds.count; ++i) {
    const Book& book = books_[locate_of(adds.messages[i])];
    ladders[i] = &book.ladders[is_sell(adds.messages[i])];
    request_line(&book.ladders[0]);
    request_line(&book.ladders[1]);
  }
  for (std::size_t i = 0; i < changes.count; ++i) {
    slots[i] = orders_.likely_slot(reference_of(changes.messages[i]));
    orders_.request_slot(slots[i]);
  }
  for (std::size_t i = 0; i < adds.count; ++i) {
    const auto price = integer<std::uint32_t>(adds.messages[i] + 32);
    levels[i] = ladders[i]->near(itch_key(is_sell(adds.messages[i]), price));
    levels_.request(levels[i]);
  }
  for (std::size_t i = 0; i < changes.count; ++i) levels_.request(orders_[slots[i]].level);
  for (std::size_t i = 0; i < adds.count; ++i) {
    levels_.request_place(levels[i], levels_[levels[i]].tail);
  }
  for (std::size_t i = 0; i < changes.count; ++i) {
    const ItchOrder& order = orders_[slots[i]];
    levels_.request_place(order.level, order.place);
  }
}

}  // namespace bourse

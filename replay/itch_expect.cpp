// ItchBooks::expect(): each round asks for what the lines of the round before lead to.

#include <array>
#include <bit>
#include <cstring>

#include "replay/itch_books.h"     // ItchBooks
#include "replay/itch_messages.h"  // AddOrder, ...

namespace bourse {
namespace {

// 1 for the types that change an order or add one; numbers to count with, because which message
// comes next is a toss-up, and a branch on it costs more than all else here.
template <class... Messages>
constexpr std::array<std::uint8_t, 256> marks() {
  std::array<std::uint8_t, 256> table{};
  ((table[static_cast<unsigned char>(Messages::type)] = 1), ...);
  return table;
}
constexpr auto is_change =
    marks<itch::OrderDelete, itch::OrderExecuted, itch::OrderExecutedWithPrice, itch::OrderCancel,
          itch::OrderReplace>();
constexpr auto is_add = marks<itch::AddOrder, itch::AddOrderMpid>();

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
    adds.take(message.data(), is_add[type]);
  }
  std::array<std::uint32_t, batch_max> slots;
  std::array<const Ladder*, batch_max> ladders;
  std::array<std::uint32_t, batch_max> levels;
  static const Ladder no_ladder;

  for (std::size_t i = 0; i < changes.count; ++i) {
    orders_.request_entry(reference_of(changes.messages[i]));
  }
  for (std::size_t i = 0; i < adds.count; ++i) {
    const std::uint16_t locate = locate_of(adds.messages[i]);
    const bool is_sell = static_cast<char>(adds.messages[i][19]) == 'S';
    ladders[i] = locate < books_.size() ? &books_[locate].rungs[is_sell] : &no_ladder;
    request_line(ladders[i]);
  }
  for (std::size_t i = 0; i < changes.count; ++i) {
    slots[i] = orders_.likely_slot(reference_of(changes.messages[i]));
    orders_.request_slot(slots[i]);
  }
  for (std::size_t i = 0; i < adds.count; ++i) {
    request_line(ladders[i]->best_eight());
    request_line(ladders[i]->best_eight() + Ladder::spare_front - 1);
  }
  for (std::size_t i = 0; i < changes.count; ++i) {
    const ItchOrder& order = orders_[slots[i]];
    request_line(&levels_[order.level]);
    orders_.request_slot(order.previous);
    orders_.request_slot(order.next);
  }
  for (std::size_t i = 0; i < adds.count; ++i) {
    levels[i] = 0;
    if (ladders[i]->empty()) continue;
    const bool is_sell = static_cast<char>(adds.messages[i][19]) == 'S';
    const auto price = integer<std::uint32_t>(adds.messages[i] + 32);
    const std::size_t at = rung_at(*ladders[i], key_of(is_sell, price));
    levels[i] = at < ladders[i]->size() ? (*ladders[i])[at].level : 0;
    request_line(&levels_[levels[i]]);
  }
  for (std::size_t i = 0; i < adds.count; ++i) orders_.request_slot(levels_[levels[i]].last);
}

}  // namespace bourse

#include "matching/transaction.h"

#include <cstring>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t command_bytes_short =
    offsetof(Command, order) + offsetof(OrderBody, client_order_id);
constexpr std::size_t exec_bytes_short = offsetof(ExecEvent, client_order_id);
static_assert(command_bytes_short == 120 && exec_bytes_short == 104);

// An imported command has an empty order body.
bool is_order(CommandType type) {
  return type == CommandType::new_order || type == CommandType::amend ||
         type == CommandType::cancel || type == CommandType::imported;
}

std::size_t command_stride(const Command& command) {
  return is_order(command.type) && command.order.client_order_id.empty() ? command_bytes_short
                                                                         : sizeof(Command);
}

std::size_t exec_stride(std::span<const ExecEvent> execs) {
  for (const ExecEvent& e : execs)
    if (!e.client_order_id.empty()) return sizeof(ExecEvent);
  return exec_bytes_short;
}

std::size_t body_bytes(std::size_t command, std::size_t publics, std::size_t exec,
                       std::size_t execs) {
  return sizeof(RecordHeader) + sizeof(TransactionHeader) + command +
         publics * sizeof(PublicEvent) + execs * exec;
}

}  // namespace

// Every part is a multiple of 8, so a record needs no padding; asserted here for the day one is
// not.
static_assert(command_bytes_short % 8 == 0 && exec_bytes_short % 8 == 0);
static_assert(sizeof(Command) % 8 == 0 && sizeof(ExecEvent) % 8 == 0);

std::size_t encoded_bytes(const Command& command, const EventBuffer& events) {
  return body_bytes(command_stride(command), events.public_events().size(),
                    exec_stride(events.exec_events()), events.exec_events().size());
}

std::size_t encode(const Command& command, const EventBuffer& events, Epoch epoch,
                   std::uint64_t state_hash, std::span<std::byte> out) {
  const auto publics = events.public_events();
  const auto execs = events.exec_events();
  const std::size_t command_bytes = command_stride(command);
  const std::size_t exec_bytes = exec_stride(execs);
  const std::size_t length = body_bytes(command_bytes, publics.size(), exec_bytes, execs.size());
  CHECK(length <= out.size());

  const RecordHeader header{.length = static_cast<std::uint32_t>(length),
                            .crc32c = 0,
                            .sequence = command.sequence,
                            .time = command.time,
                            .epoch = epoch,
                            .type = RecordType::transaction,
                            .version = 1,
                            .flags = 0};
  const TransactionHeader transaction{.public_count = static_cast<std::uint32_t>(publics.size()),
                                      .exec_count = static_cast<std::uint32_t>(execs.size()),
                                      .command_bytes = static_cast<std::uint16_t>(command_bytes),
                                      .exec_bytes = static_cast<std::uint16_t>(exec_bytes),
                                      .reserved_ = 0,
                                      .state_hash = state_hash};
  std::byte* to = out.data();
  const auto put = [&to](const void* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
    to += bytes;
  };
  put(&header, sizeof header);
  put(&transaction, sizeof transaction);
  put(&command, command_bytes);
  if (!publics.empty()) put(publics.data(), publics.size_bytes());
  if (exec_bytes == sizeof(ExecEvent)) {
    put(execs.data(), execs.size_bytes());
  } else {
    for (const ExecEvent& e : execs) put(&e, exec_bytes);
  }
  CHECK(static_cast<std::size_t>(to - out.data()) == length);
  return length;
}

std::optional<TransactionView> TransactionView::parse(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(RecordHeader) + sizeof(TransactionHeader)) return std::nullopt;
  RecordHeader header;
  TransactionHeader transaction;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(&transaction, bytes.data() + sizeof header, sizeof transaction);
  if (header.type != RecordType::transaction || header.version != 1) return std::nullopt;
  if (header.length > bytes.size()) return std::nullopt;
  if (transaction.command_bytes != command_bytes_short &&
      transaction.command_bytes != sizeof(Command)) {
    return std::nullopt;
  }
  if (transaction.exec_bytes != exec_bytes_short && transaction.exec_bytes != sizeof(ExecEvent)) {
    return std::nullopt;
  }
  // Counts are u32 and sizes small constants, so the sum cannot overflow 64 bits.
  const std::size_t length = body_bytes(transaction.command_bytes, transaction.public_count,
                                        transaction.exec_bytes, transaction.exec_count);
  if (length != header.length) return std::nullopt;
  // Made in the caller's place, with nothing else that this may return: to copy a view whose words
  // are still on their way to the cache costs more than all of the above.
  const auto make = [&] {
    std::optional<TransactionView> view(std::in_place);
    view->header_ = header;
    view->transaction_ = transaction;
    view->bytes_ = bytes.first(length);
    const std::byte* publics =
        bytes.data() + sizeof header + sizeof transaction + transaction.command_bytes;
    view->public_ = {reinterpret_cast<const PublicEvent*>(publics), transaction.public_count};
    view->execs_ = {publics + view->public_.size_bytes(),
                    std::size_t{transaction.exec_count} * transaction.exec_bytes};
    return view;
  };
  return make();
}

Command TransactionView::command() const {
  Command command{};
  std::memcpy(&command, bytes_.data() + sizeof(RecordHeader) + sizeof(TransactionHeader),
              transaction_.command_bytes);
  return command;
}

CommandType TransactionView::command_type() const {
  return static_cast<CommandType>(
      bytes_[sizeof(RecordHeader) + sizeof(TransactionHeader) + offsetof(Command, type)]);
}

ExecEvent TransactionView::exec_event(std::size_t index) const {
  CHECK(index < transaction_.exec_count);
  ExecEvent event{};
  std::memcpy(&event, execs_.data() + index * transaction_.exec_bytes, transaction_.exec_bytes);
  return event;
}

}  // namespace bourse

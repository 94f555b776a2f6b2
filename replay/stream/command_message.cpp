#include "replay/stream/command_message.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "matching/check.h"     // CHECK
#include "replay/log/crc32c.h"  // crc32c

namespace bourse {
namespace {

constexpr std::uint32_t link_magic = 0x314b'4c42;  // "BLK1"

struct WireHeader {
  std::uint32_t magic;
  std::uint32_t crc32c;
  std::uint8_t kind;
  std::uint8_t status;
  std::uint8_t gate;
  std::uint8_t reserved;
  std::uint16_t count;
  std::uint16_t channels;
  std::uint32_t term;
  std::uint32_t epoch;
  std::uint64_t gateway;
  std::uint64_t number;
  std::uint64_t executed;
  std::uint64_t sequence;
  std::int64_t time;
  std::array<std::uint8_t, 16> journal;
};
static_assert(sizeof(WireHeader) == 80 && std::is_trivially_copyable_v<WireHeader>);
static_assert(offsetof(WireHeader, gateway) == 24 && offsetof(WireHeader, journal) == 64);

constexpr std::size_t crc_from = 8;

// What only the sequencer may stamp, and what a gateway has no business to ask.
bool may_be_forwarded(const Command& command) {
  switch (command.type) {
    case CommandType::none:
    case CommandType::open_epoch:
    case CommandType::imported:
    case CommandType::clock:
      return false;
    default:
      return command.type <= CommandType::bust_trade;
  }
}

}  // namespace

std::vector<std::byte> encode_link(const LinkMessage& m, std::span<const Command> commands) {
  CHECK(commands.size() <= link_commands_max);
  WireHeader header{};
  header.magic = link_magic;
  header.kind = static_cast<std::uint8_t>(m.kind);
  header.status = static_cast<std::uint8_t>(m.status);
  header.gate = static_cast<std::uint8_t>(m.gate);
  header.count = static_cast<std::uint16_t>(commands.size());
  header.channels = m.channels;
  header.term = m.term;
  header.epoch = m.epoch.value();
  header.gateway = m.gateway;
  header.number = m.number;
  header.executed = m.executed;
  header.sequence = m.sequence.value();
  header.time = m.time.value();
  header.journal = m.journal.bytes;
  std::vector<std::byte> bytes(sizeof header + commands.size_bytes());
  if (!commands.empty())
    std::memcpy(bytes.data() + sizeof header, commands.data(), commands.size_bytes());
  std::memcpy(bytes.data(), &header, sizeof header);
  header.crc32c = crc32c(0, std::span<const std::byte>(bytes).subspan(crc_from));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

std::optional<ReceivedLink> parse_link(std::span<const std::byte> bytes) {
  WireHeader header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != link_magic || header.crc32c != crc32c(0, bytes.subspan(crc_from)))
    return std::nullopt;
  const bool is_known = header.kind >= static_cast<std::uint8_t>(LinkKind::hello) &&
                        header.kind <= static_cast<std::uint8_t>(LinkKind::heartbeat) &&
                        header.status <= static_cast<std::uint8_t>(LinkStatus::unknown_term) &&
                        header.gate <= static_cast<std::uint8_t>(GateState::closed);
  if (!is_known || header.count > link_commands_max ||
      bytes.size() != sizeof header + header.count * sizeof(Command))
    return std::nullopt;
  ReceivedLink out{.message = {.kind = static_cast<LinkKind>(header.kind),
                               .status = static_cast<LinkStatus>(header.status),
                               .gate = static_cast<GateState>(header.gate),
                               .term = header.term,
                               .gateway = header.gateway,
                               .number = header.number,
                               .executed = header.executed,
                               .sequence = Sequence{header.sequence},
                               .time = TimeNs{header.time},
                               .epoch = Epoch{header.epoch},
                               .journal = {header.journal},
                               .channels = header.channels},
                   .commands = {}};
  out.commands.resize(header.count);
  if (header.count > 0)
    std::memcpy(out.commands.data(), bytes.data() + sizeof header, header.count * sizeof(Command));
  for (const Command& command : out.commands)
    if (!may_be_forwarded(command)) return std::nullopt;
  return out;
}

}  // namespace bourse

// What a gateway and the engine say to each other about orders: one NATS message each.
//   Shape:  80 bytes of header, little-endian, then `count` commands of 160 bytes as the log has
//           them (matching/command.h). The checksum covers everything after itself.
//   Units:  numbers count the commands of one start of a gateway, from 1.
//   Owner:  pure functions on caller's memory.
//   Errors: parse() gives nothing for bytes that are not one whole, sound message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "matching/command.h"    // Command
#include "matching/sequencer.h"  // GateState
#include "matching/types.h"      // Sequence, TimeNs, Epoch
#include "replay/disk/uuid.h"    // Uuid

namespace bourse {

enum class LinkKind : std::uint8_t {
  hello = 1,      // gateway: a new term begins; what earlier ones have under way is void
  commands = 2,   // gateway: `number` is that of the first; none: it is alive
  will = 3,       // gateway: commands to be done if nothing is heard of it any more
  bye = 4,        // gateway: it ends now
  welcome = 5,    // engine: answers hello, when all that came before it is executed
  receipt = 6,    // engine: answers commands; `number` is the next one that it expects
  heartbeat = 7,  // engine: to all gateways, what it has released
};

enum class LinkStatus : std::uint8_t {
  taken = 0,
  busy = 1,          // no room from `number` on: send again from there, a little later
  gap = 2,           // something before it has not arrived: send again from `number`
  unknown_term = 3,  // say hello first
};

struct LinkMessage {
  LinkKind kind{};
  LinkStatus status = LinkStatus::taken;
  GateState gate = GateState::open;  // engine: what it takes now
  std::uint32_t term = 0;            // of the gateway; grows
  std::uint64_t gateway = 0;         // a random number, of one start of a gateway
  std::uint64_t number = 0;
  std::uint64_t executed = 0;  // engine: commands up to this number have been executed ...
  Sequence sequence{0};        // ... at this sequence or before. heartbeat: the last released one
  TimeNs time{0};              // by the sender's clock
  Epoch epoch{0};              // engine: its own
  Uuid journal{};              // heartbeat: whose log it is
  std::uint16_t channels = 0;  // heartbeat: of the exchange; 0: not told
};

// At most so many in one message: 32 KiB.
inline constexpr std::size_t link_commands_max = 200;

std::vector<std::byte> encode_link(const LinkMessage& message,
                                   std::span<const Command> commands = {});

struct ReceivedLink {
  LinkMessage message;
  std::vector<Command> commands;
};
std::optional<ReceivedLink> parse_link(std::span<const std::byte> bytes);

}  // namespace bourse

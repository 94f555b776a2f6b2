// Market data frames: FlatBuffers built, verified and read. The only room that knows schema code of
// market data; everybody else speaks the structs of feed/wire.h.
//   Shape:  root table Frame, identifier "TICK", a 40-byte header struct and exactly one payload;
//           never size-prefixed; at most 65,536 bytes; length a multiple of 8.
//   Units:  those of feed/wire.h.
//   Owner:  a FrameWriter belongs to one thread; it allocates until its buffer has the size of the
//           largest frame it was asked for. Reading is free functions.
//   Errors: read_frame() returns nullopt for anything that does not verify. More events than fit
//           are our own bug: CHECK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "feed/wire.h"  // FrameHeader, MboEvent, ...

namespace bourse {

// Events that one frame can carry.
inline constexpr std::size_t frame_overhead_bytes = 72;
template <class Event>
inline constexpr std::size_t frame_events_max =
    (wire::frame_bytes_max - frame_overhead_bytes) / sizeof(Event);
// Tables: each has a few bytes beside its values.
template <>
inline constexpr std::size_t frame_events_max<wire::Depth10> = 128;

struct DefinitionFields {
  std::uint32_t instrument_id = 0;
  std::uint64_t seq = 0;
  std::uint64_t ts_event = 0;
  std::uint8_t update_action = 'A';
  std::string_view symbol;
  std::string_view base;
  std::string_view quote;
  std::int64_t tick_size = 0;
  std::uint64_t lot_size = 0;
  std::uint64_t min_qty = 0;
  std::uint64_t max_qty = 0;
  std::int8_t price_exponent = -9;
  std::int8_t qty_exponent = -8;
  std::uint8_t match_algorithm = 'F';
  std::uint16_t status = 0;
};

struct SystemFields {
  wire::SystemCode code = wire::SystemCode::heartbeat;
  std::uint16_t error_code = 0;
  std::uint32_t stream_id = 0;
  std::uint64_t ts = 0;
  std::uint64_t journal_seq = 0;
  std::uint64_t lag_ns = 0;
  std::uint64_t lag_events = 0;
  std::optional<wire::Gap> gap;
  std::span<const wire::StreamPosition> positions;
  std::string_view text;
};

class FrameWriter {
 public:
  FrameWriter();
  ~FrameWriter();
  FrameWriter(FrameWriter&&) noexcept;
  FrameWriter& operator=(FrameWriter&&) noexcept;

  // Each returns the bytes of the frame, which hold until the next call, aligned to 8.
  // REQUIRES: header.channel fits; 1 <= events.size() <= frame_events_max.
  std::span<const std::byte> mbo(const wire::FrameHeader&, std::span<const wire::MboEvent>);
  std::span<const std::byte> level(const wire::FrameHeader&, std::span<const wire::LevelUpdate>);
  std::span<const std::byte> trade(const wire::FrameHeader&, std::span<const wire::Trade>);
  std::span<const std::byte> bbo(const wire::FrameHeader&, std::span<const wire::Bbo>);
  std::span<const std::byte> depth10(const wire::FrameHeader&, std::span<const wire::Depth10>);
  std::span<const std::byte> bar(const wire::FrameHeader&, std::span<const wire::Bar>);
  std::span<const std::byte> stat(const wire::FrameHeader&, std::span<const wire::Stat>);
  std::span<const std::byte> status(const wire::FrameHeader&, std::span<const wire::Status>);
  std::span<const std::byte> imbalance(const wire::FrameHeader&, std::span<const wire::Imbalance>);
  std::span<const std::byte> check(const wire::FrameHeader&, std::span<const wire::BookCheck>);
  std::span<const std::byte> definition(const wire::FrameHeader&, const DefinitionFields&);
  std::span<const std::byte> system(const wire::FrameHeader&, const SystemFields&);

 private:
  struct Builder;
  std::unique_ptr<Builder> builder_;
};

struct FrameView {
  wire::FrameHeader header;
  std::span<const wire::MboEvent> mbo;
  std::span<const wire::LevelUpdate> level;
  std::span<const wire::Trade> trade;
  std::span<const wire::Bbo> bbo;
  std::vector<wire::Depth10> depth10;
  std::span<const wire::Bar> bar;
  std::span<const wire::Stat> stat;
  std::span<const wire::Status> status;
  std::span<const wire::Imbalance> imbalance;
  std::span<const wire::BookCheck> check;
  std::optional<DefinitionFields> definition;
  std::optional<SystemFields> system;
};

// Verifies and reads one frame; views point into `frame`. Payloads of channels this house does not
// send are verified and left out. REQUIRES: frame.data() aligned to 8.
std::optional<FrameView> read_frame(std::span<const std::byte> frame);

// Header of a frame that a FrameWriter made, at any alignment.
wire::FrameHeader header_of(std::span<const std::byte> frame);
void set_header(std::span<std::byte> frame, const wire::FrameHeader& header);

}  // namespace bourse

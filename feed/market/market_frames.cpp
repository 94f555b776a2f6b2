#include "feed/market/market_frames.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <flatbuffers/flatbuffers.h>

#include "matching/check.h"  // CHECK
#include "schemas/market_data_generated.h"

namespace bourse {

namespace fb = ::flatbuffers;

// Sizes are those of docs/PROTOCOL.md; the structs of feed/wire.h are the generated ones.
static_assert(sizeof(v1::FrameHeader) == 40 && sizeof(v1::MboEvent) == 64);
static_assert(sizeof(v1::LevelUpdate) == 56 && sizeof(v1::Bbo) == 72 && sizeof(v1::Trade) == 72);
static_assert(sizeof(v1::LevelPair) == 40 && sizeof(v1::Bar) == 104 && sizeof(v1::Stat) == 56);
static_assert(sizeof(v1::Status) == 40 && sizeof(v1::Imbalance) == 80);
static_assert(sizeof(v1::BookCheck) == 40 && sizeof(v1::StreamPos) == 16);
static_assert(sizeof(v1::Gap) == 24 && sizeof(v1::ExecFixed) == 144);
static_assert(alignof(v1::FrameHeader) == 8 && alignof(v1::MboEvent) == 8);
static_assert(sizeof(v1::LevelUpdate) == sizeof(wire::LevelUpdate));
static_assert(sizeof(v1::Gap) == sizeof(wire::Gap));

namespace {

// The generated structs keep their members private, so the offsets are compared by value: each
// field of a struct of ours, filled with distinct bytes, must come out of the generated accessor.
template <class To, class From>
const To& as(const From& from) {
  static_assert(sizeof(To) == sizeof(From) && alignof(To) == alignof(From));
  return reinterpret_cast<const To&>(from);
}

constexpr fb::voffset_t header_field = v1::Frame::VT_HDR;

// Where the header struct lies, in a frame that is known to be sound.
std::size_t header_offset(const std::byte* frame) {
  std::uint32_t root = 0;
  std::memcpy(&root, frame, sizeof root);
  std::int32_t to_vtable = 0;
  std::memcpy(&to_vtable, frame + root, sizeof to_vtable);
  std::uint16_t field = 0;
  std::memcpy(&field, frame + static_cast<std::ptrdiff_t>(root) - to_vtable + header_field,
              sizeof field);
  return root + field;
}

}  // namespace

struct FrameWriter::Builder {
  fb::FlatBufferBuilder fbb{1024};
  std::vector<fb::Offset<v1::Depth10>> tables;

  template <class Wire, class Generated>
  fb::Offset<fb::Vector<const Generated*>> vector_of(std::span<const Wire> events) {
    static_assert(sizeof(Wire) == sizeof(Generated) && alignof(Wire) == alignof(Generated));
    // Not CreateUninitializedVectorOfStructs: it aligns to the size of the struct.
    return fbb.CreateVectorOfStructs(reinterpret_cast<const Generated*>(events.data()),
                                     events.size());
  }

  std::span<const std::byte> depth10_frame(const wire::FrameHeader& header,
                                           std::span<const wire::Depth10> events);

  template <class Wire, class Generated, class Add>
  std::span<const std::byte> events_frame(const wire::FrameHeader& header, wire::Channel channel,
                                          std::span<const Wire> events, Add add) {
    CHECK(header.channel == channel);
    CHECK(!events.empty() && events.size() <= frame_events_max<Wire>);
    fbb.Clear();
    const auto vector = vector_of<Wire, Generated>(events);
    v1::FrameBuilder frame(fbb);
    (frame.*add)(vector);
    frame.add_hdr(&as<v1::FrameHeader>(header));
    return finish(frame.Finish());
  }

  std::span<const std::byte> finish(fb::Offset<v1::Frame> root) {
    fbb.Finish(root, v1::FrameIdentifier());
    CHECK(fbb.GetSize() <= wire::frame_bytes_max);
    return {reinterpret_cast<const std::byte*>(fbb.GetBufferPointer()), fbb.GetSize()};
  }
};

std::span<const std::byte> FrameWriter::Builder::depth10_frame(
    const wire::FrameHeader& header, std::span<const wire::Depth10> events) {
  CHECK(header.channel == wire::Channel::depth10);
  CHECK(!events.empty() && events.size() <= frame_events_max<wire::Depth10>);
  fbb.Clear();
  tables.clear();
  for (const wire::Depth10& event : events) {
    const auto levels =
        vector_of<wire::LevelPair, v1::LevelPair>(std::span<const wire::LevelPair>(event.levels));
    v1::Depth10Builder table(fbb);
    table.add_seq(event.seq);
    table.add_ts_event(event.ts_event);
    table.add_rpt_seq(event.rpt_seq);
    table.add_levels(levels);
    table.add_instrument_id(event.instrument_id);
    table.add_flags(event.flags);
    tables.push_back(table.Finish());
  }
  const auto vector = fbb.CreateVector(tables);
  v1::FrameBuilder frame(fbb);
  frame.add_depth10(vector);
  frame.add_hdr(&as<v1::FrameHeader>(header));
  return finish(frame.Finish());
}

FrameWriter::FrameWriter() : builder_(std::make_unique<Builder>()) {}
FrameWriter::~FrameWriter() = default;
FrameWriter::FrameWriter(FrameWriter&&) noexcept = default;
FrameWriter& FrameWriter::operator=(FrameWriter&&) noexcept = default;

std::span<const std::byte> FrameWriter::mbo(const wire::FrameHeader& header,
                                            std::span<const wire::MboEvent> events) {
  return builder_->events_frame<wire::MboEvent, v1::MboEvent>(header, wire::Channel::mbo, events,
                                                              &v1::FrameBuilder::add_mbo);
}

std::span<const std::byte> FrameWriter::trade(const wire::FrameHeader& header,
                                              std::span<const wire::Trade> events) {
  return builder_->events_frame<wire::Trade, v1::Trade>(header, wire::Channel::trade, events,
                                                        &v1::FrameBuilder::add_trade);
}

std::span<const std::byte> FrameWriter::bbo(const wire::FrameHeader& header,
                                            std::span<const wire::Bbo> events) {
  return builder_->events_frame<wire::Bbo, v1::Bbo>(header, wire::Channel::bbo, events,
                                                    &v1::FrameBuilder::add_bbo);
}

std::span<const std::byte> FrameWriter::status(const wire::FrameHeader& header,
                                               std::span<const wire::Status> events) {
  return builder_->events_frame<wire::Status, v1::Status>(header, wire::Channel::status, events,
                                                          &v1::FrameBuilder::add_status);
}

std::span<const std::byte> FrameWriter::imbalance(const wire::FrameHeader& header,
                                                  std::span<const wire::Imbalance> events) {
  return builder_->events_frame<wire::Imbalance, v1::Imbalance>(
      header, wire::Channel::imbalance, events, &v1::FrameBuilder::add_imbalance);
}

std::span<const std::byte> FrameWriter::level(const wire::FrameHeader& header,
                                              std::span<const wire::LevelUpdate> events) {
  return builder_->events_frame<wire::LevelUpdate, v1::LevelUpdate>(
      header, wire::Channel::level, events, &v1::FrameBuilder::add_level);
}

std::span<const std::byte> FrameWriter::bar(const wire::FrameHeader& header,
                                            std::span<const wire::Bar> events) {
  return builder_->events_frame<wire::Bar, v1::Bar>(header, wire::Channel::bar, events,
                                                    &v1::FrameBuilder::add_bar);
}

std::span<const std::byte> FrameWriter::stat(const wire::FrameHeader& header,
                                             std::span<const wire::Stat> events) {
  return builder_->events_frame<wire::Stat, v1::Stat>(header, wire::Channel::stat, events,
                                                      &v1::FrameBuilder::add_stat);
}

std::span<const std::byte> FrameWriter::check(const wire::FrameHeader& header,
                                              std::span<const wire::BookCheck> events) {
  return builder_->events_frame<wire::BookCheck, v1::BookCheck>(
      header, wire::Channel::check, events, &v1::FrameBuilder::add_check);
}

std::span<const std::byte> FrameWriter::depth10(const wire::FrameHeader& header,
                                                std::span<const wire::Depth10> events) {
  return builder_->depth10_frame(header, events);
}

std::span<const std::byte> FrameWriter::definition(const wire::FrameHeader& header,
                                                   const DefinitionFields& fields) {
  CHECK(header.channel == wire::Channel::definition);
  fb::FlatBufferBuilder& fbb = builder_->fbb;
  fbb.Clear();
  const auto text = [&fbb](std::string_view from) {
    return from.empty() ? fb::Offset<fb::String>() : fbb.CreateString(from.data(), from.size());
  };
  const auto symbol = fbb.CreateString(fields.symbol.data(), fields.symbol.size());
  const auto base = text(fields.base);
  const auto quote = text(fields.quote);
  v1::DefinitionBuilder definition(fbb);
  definition.add_seq(fields.seq);
  definition.add_ts_event(fields.ts_event);
  definition.add_tick_size(fields.tick_size);
  definition.add_lot_size(fields.lot_size);
  definition.add_min_qty(fields.min_qty);
  definition.add_max_qty(fields.max_qty);
  definition.add_instrument_id(fields.instrument_id);
  definition.add_symbol(symbol);
  if (!base.IsNull()) definition.add_base(base);
  if (!quote.IsNull()) definition.add_quote(quote);
  definition.add_status(fields.status);
  definition.add_update_action(fields.update_action);
  definition.add_price_exponent(fields.price_exponent);
  definition.add_qty_exponent(fields.qty_exponent);
  definition.add_match_algorithm(fields.match_algorithm);
  const auto one = definition.Finish();
  const auto vector = fbb.CreateVector(&one, 1);
  v1::FrameBuilder frame(fbb);
  frame.add_definition(vector);
  frame.add_hdr(&as<v1::FrameHeader>(header));
  return builder_->finish(frame.Finish());
}

std::span<const std::byte> FrameWriter::system(const wire::FrameHeader& header,
                                               const SystemFields& fields) {
  CHECK(header.channel == wire::Channel::system);
  fb::FlatBufferBuilder& fbb = builder_->fbb;
  fbb.Clear();
  fb::Offset<fb::Vector<const v1::StreamPos*>> positions;
  if (!fields.positions.empty()) {
    positions = builder_->vector_of<wire::StreamPosition, v1::StreamPos>(fields.positions);
  }
  fb::Offset<fb::String> text;
  if (!fields.text.empty()) text = fbb.CreateString(fields.text.data(), fields.text.size());
  v1::SystemBuilder system(fbb);
  system.add_ts(fields.ts);
  system.add_journal_seq(fields.journal_seq);
  system.add_lag_ns(fields.lag_ns);
  system.add_lag_events(fields.lag_events);
  if (fields.gap) system.add_gap(&as<v1::Gap>(*fields.gap));
  system.add_stream_id(fields.stream_id);
  if (!positions.IsNull()) system.add_positions(positions);
  if (!text.IsNull()) system.add_text(text);
  system.add_code(static_cast<v1::SysCode>(fields.code));
  system.add_error_code(fields.error_code);
  const auto one = system.Finish();
  v1::FrameBuilder frame(fbb);
  frame.add_system(one);
  frame.add_hdr(&as<v1::FrameHeader>(header));
  return builder_->finish(frame.Finish());
}

namespace {

template <class Wire, class Generated>
std::span<const Wire> span_of(const fb::Vector<const Generated*>* vector) {
  if (vector == nullptr) return {};
  return {reinterpret_cast<const Wire*>(vector->Data()), vector->size()};
}

std::string_view view_of(const fb::String* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text->c_str(), text->size()};
}

std::optional<DefinitionFields> definition_of(const v1::Frame& frame) {
  if (frame.definition() == nullptr || frame.definition()->size() != 1) return std::nullopt;
  const v1::Definition& from = *frame.definition()->Get(0);
  return DefinitionFields{.instrument_id = from.instrument_id(),
                          .seq = from.seq(),
                          .ts_event = from.ts_event(),
                          .update_action = from.update_action(),
                          .symbol = view_of(from.symbol()),
                          .base = view_of(from.base()),
                          .quote = view_of(from.quote()),
                          .tick_size = from.tick_size(),
                          .lot_size = from.lot_size(),
                          .min_qty = from.min_qty(),
                          .max_qty = from.max_qty(),
                          .price_exponent = from.price_exponent(),
                          .qty_exponent = from.qty_exponent(),
                          .match_algorithm = from.match_algorithm(),
                          .status = from.status()};
}

std::vector<wire::Depth10> depth10_of(const v1::Frame& frame) {
  std::vector<wire::Depth10> events;
  if (frame.depth10() == nullptr) return events;
  for (const v1::Depth10* const from : *frame.depth10()) {
    wire::Depth10& event = events.emplace_back();
    event.seq = from->seq();
    event.ts_event = from->ts_event();
    event.rpt_seq = from->rpt_seq();
    event.instrument_id = from->instrument_id();
    event.flags = from->flags();
    const auto levels = span_of<wire::LevelPair>(from->levels());
    if (levels.empty()) continue;
    std::memcpy(event.levels, levels.data(), std::min(levels.size_bytes(), sizeof event.levels));
  }
  return events;
}

std::optional<SystemFields> system_of(const v1::Frame& frame) {
  if (frame.system() == nullptr) return std::nullopt;
  const v1::System& from = *frame.system();
  std::optional<wire::Gap> gap;
  if (from.gap() != nullptr) std::memcpy(&gap.emplace(), from.gap(), sizeof(wire::Gap));
  return SystemFields{.code = static_cast<wire::SystemCode>(from.code()),
                      .error_code = from.error_code(),
                      .stream_id = from.stream_id(),
                      .ts = from.ts(),
                      .journal_seq = from.journal_seq(),
                      .lag_ns = from.lag_ns(),
                      .lag_events = from.lag_events(),
                      .gap = gap,
                      .positions = span_of<wire::StreamPosition>(from.positions()),
                      .text = view_of(from.text())};
}

// Exactly one payload is set, and it is the one that the channel names.
bool has_one_payload(const v1::Frame& frame, wire::Channel channel) {
  const std::pair<wire::Channel, bool> payloads[] = {
      {wire::Channel::mbo, frame.mbo() != nullptr},
      {wire::Channel::level, frame.level() != nullptr},
      {wire::Channel::bbo, frame.bbo() != nullptr},
      {wire::Channel::trade, frame.trade() != nullptr},
      {wire::Channel::depth10, frame.depth10() != nullptr},
      {wire::Channel::bar, frame.bar() != nullptr},
      {wire::Channel::stat, frame.stat() != nullptr},
      {wire::Channel::status, frame.status() != nullptr},
      {wire::Channel::definition, frame.definition() != nullptr},
      {wire::Channel::imbalance, frame.imbalance() != nullptr},
      {wire::Channel::check, frame.check() != nullptr},
      {wire::Channel::system, frame.system() != nullptr},
      {wire::Channel::exec, frame.exec() != nullptr}};
  bool is_named = false;
  for (const auto& [named, is_set] : payloads) {
    if (is_set != (named == channel)) return false;
    is_named = is_named || is_set;
  }
  return is_named;
}

}  // namespace

std::optional<FrameView> read_frame(std::span<const std::byte> bytes) {
  CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0);
  constexpr std::size_t frame_bytes_min = 48;  // below it there is no room for a header
  if (bytes.size() < frame_bytes_min || bytes.size() > wire::frame_bytes_max) return std::nullopt;
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  fb::Verifier verifier(data, bytes.size(), /*max_depth=*/8, /*max_tables=*/4096);
  if (!v1::VerifyFrameBuffer(verifier)) return std::nullopt;
  const v1::Frame& frame = *v1::GetFrame(data);
  FrameView view{};
  std::memcpy(&view.header, frame.hdr(), sizeof view.header);
  if (!has_one_payload(frame, view.header.channel)) return std::nullopt;
  view.mbo = span_of<wire::MboEvent>(frame.mbo());
  view.level = span_of<wire::LevelUpdate>(frame.level());
  view.trade = span_of<wire::Trade>(frame.trade());
  view.bbo = span_of<wire::Bbo>(frame.bbo());
  view.depth10 = depth10_of(frame);
  view.bar = span_of<wire::Bar>(frame.bar());
  view.stat = span_of<wire::Stat>(frame.stat());
  view.status = span_of<wire::Status>(frame.status());
  view.imbalance = span_of<wire::Imbalance>(frame.imbalance());
  view.check = span_of<wire::BookCheck>(frame.check());
  if (view.header.channel == wire::Channel::definition) {
    view.definition = definition_of(frame);
    if (!view.definition) return std::nullopt;
  }
  if (view.header.channel == wire::Channel::system) view.system = system_of(frame);
  return view;
}

wire::FrameHeader header_of(std::span<const std::byte> frame) {
  wire::FrameHeader header;
  std::memcpy(&header, frame.data() + header_offset(frame.data()), sizeof header);
  return header;
}

void set_header(std::span<std::byte> frame, const wire::FrameHeader& header) {
  std::memcpy(frame.data() + header_offset(frame.data()), &header, sizeof header);
}

}  // namespace bourse

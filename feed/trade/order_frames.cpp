#include "feed/trade/order_frames.h"

#include <flatbuffers/flatbuffers.h>

#include <array>
#include <cstring>

#include "feed/wire.h"            // Channel, frame_flags, frame_bytes_max
#include "matching/check.h"       // CHECK
#include "replay/text/decimal.h"  // price_e9, units_of
#include "schemas/market_data_generated.h"
#include "schemas/orders_generated.h"

namespace bourse {
namespace {

// The structs are frozen: a change of the schema that moves a byte does not compile.
static_assert(sizeof(v1::OrderFixed) == 88 && alignof(v1::OrderFixed) == 8);
static_assert(sizeof(v1::ExecFixed) == 144 && alignof(v1::ExecFixed) == 8);
static_assert(static_cast<std::uint8_t>(v1::OrderOp::New) ==
              static_cast<std::uint8_t>(OrderOperation::new_order));
static_assert(static_cast<std::uint8_t>(v1::OrderOp::Cancel) ==
              static_cast<std::uint8_t>(OrderOperation::cancel));
static_assert(static_cast<std::uint8_t>(v1::OrderOp::Status) ==
              static_cast<std::uint8_t>(OrderOperation::status));

constexpr std::uint32_t account_id_max = (1u << 24) - 1;
// What one more report can take: table, struct, text and its place in the vector.
constexpr std::size_t report_bytes_max = 256;
// Root table, header, vector length and identifier.
constexpr std::size_t frame_head_bytes = 128;

std::string_view text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

std::uint8_t wire_side(Side side) {
  switch (side) {
    case Side::buy:
      return wire_buy;
    case Side::sell:
      return wire_sell;
    case Side::none:
      break;
  }
  return wire_no_side;
}

std::uint8_t wire_liquidity(Liquidity liquidity) {
  switch (liquidity) {
    case Liquidity::maker:
      return 'M';
    case Liquidity::taker:
      return 'T';
    case Liquidity::none:
      break;
  }
  return 0;
}

v1::ExecFixed exec_fixed(const WireReport& r, std::uint32_t log) {
  return {r.exec_seq,      r.seq,       r.ts_event,
          r.account_id,    r.order_id,  r.client_seq,
          r.price,         r.qty,       r.cum_qty,
          r.leaves_qty,    r.last_px,   r.last_qty,
          r.match_id,      0 /* fee */, 0 /* orig_order_id */,
          r.instrument_id, r.group,     r.reject_code,
          r.exec_type,     r.status,    r.side,
          r.ord_type,      r.tif,       r.liquidity,
          r.flags,         log};
}

WireReport report_of(const v1::ExecReport& report) {
  const v1::ExecFixed& f = *report.f();
  return {.exec_seq = f.exec_seq(),
          .seq = f.seq(),
          .ts_event = f.ts_event(),
          .account_id = f.account_id(),
          .order_id = f.order_id(),
          .client_seq = f.client_seq(),
          .price = f.price(),
          .qty = f.qty(),
          .cum_qty = f.cum_qty(),
          .leaves_qty = f.leaves_qty(),
          .last_px = f.last_px(),
          .last_qty = f.last_qty(),
          .match_id = f.match_id(),
          .instrument_id = f.instrument_id(),
          .group = f.group(),
          .reject_code = f.reject_code(),
          .exec_type = f.exec_type(),
          .status = f.status(),
          .side = f.side(),
          .ord_type = f.ord_type(),
          .tif = f.tif(),
          .liquidity = f.liquidity(),
          .flags = f.flags(),
          .cl_ord_id = text_of(report.cl_ord_id())};
}

}  // namespace

bool read_order(std::span<const std::byte> bytes, WireOrder& out) {
  if (bytes.size() > order_request_bytes_max) return false;
  // Payloads sit at arbitrary offsets behind their websocket header; the verifier wants alignment.
  alignas(8) std::array<std::uint8_t, order_request_bytes_max> copy;
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  flatbuffers::Verifier verifier{copy.data(), bytes.size(), 3, 2, true};
  if (!v1::VerifyOrderRequestBuffer(verifier)) return false;
  const v1::OrderRequest* const request = v1::GetOrderRequest(copy.data());
  const v1::OrderFixed& f = *request->f();
  out = {.client_seq = f.client_seq(),
         .order_id = f.order_id(),
         .price = f.price(),
         .qty = f.qty(),
         .stop_price = f.stop_price(),
         .display_qty = f.display_qty(),
         .valid_until = f.valid_until(),
         .expire_at = f.expire_at(),
         .client_ts = f.client_ts(),
         .instrument_id = f.instrument_id(),
         .group = f.group(),
         .op = static_cast<std::uint8_t>(f.op()),
         .side = f.side(),
         .ord_type = f.ord_type(),
         .tif = f.tif(),
         .stp = f.stp(),
         .flags = f.flags(),
         .min_qty = request->min_qty(),
         .peg = request->peg(),
         .cl_ord_id = std::string{text_of(request->cl_ord_id())}};
  return true;
}

std::vector<std::byte> encode_order(const WireOrder& o) {
  flatbuffers::FlatBufferBuilder builder{256};
  const v1::OrderFixed fixed{o.client_seq,    o.order_id,   o.price,
                             o.qty,           o.stop_price, o.display_qty,
                             o.valid_until,   o.expire_at,  o.client_ts,
                             o.instrument_id, o.group,      static_cast<v1::OrderOp>(o.op),
                             o.side,          o.ord_type,   o.tif,
                             o.stp,           o.flags,      0};
  flatbuffers::Offset<flatbuffers::String> text;
  if (!o.cl_ord_id.empty()) text = builder.CreateString(o.cl_ord_id);
  v1::FinishOrderRequestBuffer(builder,
                               v1::CreateOrderRequest(builder, &fixed, text, o.min_qty, o.peg));
  const auto* const first = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {first, first + builder.GetSize()};
}

WireReport wire_report(const Report& report, const InstrumentTable& instruments) {
  const ExecEvent& e = report.event;
  WireReport out{.exec_seq = e.exec_sequence.value(),
                 .seq = report.sequence.value(),
                 .ts_event = static_cast<std::uint64_t>(report.time.value()),
                 .account_id = e.account.value(),
                 .order_id = e.order_id.value(),
                 .client_seq = e.client_sequence.value(),
                 .match_id = e.match_id.value(),
                 .instrument_id = e.symbol.value(),
                 .group = e.group.value(),
                 .reject_code = static_cast<std::uint16_t>(e.reject_reason),
                 .exec_type = static_cast<std::uint8_t>(e.type),
                 .status = static_cast<std::uint8_t>(e.status),
                 .side = wire_side(e.side),
                 .ord_type = static_cast<std::uint8_t>(e.order_type),
                 .tif = static_cast<std::uint8_t>(e.time_in_force),
                 .liquidity = wire_liquidity(e.liquidity),
                 .flags = e.flags,
                 .cl_ord_id = e.client_order_id.view()};
  if (const InstrumentBody* const instrument = instruments.find(e.symbol)) {
    out.price = price_e9(e.price, *instrument);
    out.qty = units_of(e.quantity, *instrument);
    out.cum_qty = units_of(e.filled, *instrument);
    out.leaves_qty = units_of(e.leaves, *instrument);
    out.last_qty = units_of(e.last_quantity, *instrument);
    // Only a fill has a last price; elsewhere a 0 would read as a price of nothing.
    if (e.last_quantity) out.last_px = price_e9(e.last_price, *instrument);
  }
  return out;
}

struct ExecFrameEncoder::State {
  flatbuffers::FlatBufferBuilder builder{1024};
  std::vector<flatbuffers::Offset<v1::ExecReport>> reports;
};

ExecFrameEncoder::ExecFrameEncoder() : state_(std::make_unique<State>()) {}
ExecFrameEncoder::~ExecFrameEncoder() = default;

std::span<const std::byte> ExecFrameEncoder::encode(const ExecFrameHead& head,
                                                    std::span<const Report> reports,
                                                    std::size_t& at,
                                                    const InstrumentTable& instruments) {
  CHECK(at < reports.size());
  CHECK(head.account.value() <= account_id_max);
  auto& builder = state_->builder;
  builder.Clear();
  state_->reports.clear();
  const std::uint64_t sequence = reports[at].sequence.value();
  const bool first_part = at == 0;
  while (at < reports.size() &&
         builder.GetSize() + 4 * state_->reports.size() + report_bytes_max + frame_head_bytes <=
             wire::frame_bytes_max) {
    CHECK(reports[at].sequence.value() == sequence);
    const WireReport report = wire_report(reports[at++], instruments);
    flatbuffers::Offset<flatbuffers::String> text;
    if (!report.cl_ord_id.empty())
      text = builder.CreateString(report.cl_ord_id.data(), report.cl_ord_id.size());
    const v1::ExecFixed fixed = exec_fixed(report, head.log);
    state_->reports.push_back(v1::CreateExecReport(builder, &fixed, text));
  }
  std::uint8_t flags = 0;
  if (head.replay) flags |= wire::frame_flags::replay;
  if (at < reports.size()) flags |= wire::frame_flags::partial;
  // The second part of a transaction follows the first: prev_seq is then the transaction itself.
  const v1::FrameHeader header{first_part ? head.previous.value() : sequence,
                               sequence,
                               sequence,
                               static_cast<std::uint64_t>(head.published.value()),
                               exec_stream_id(head.account),
                               static_cast<std::uint16_t>(head.epoch.value()),
                               static_cast<std::uint8_t>(wire::Channel::exec),
                               flags};
  const auto vector = builder.CreateVector(state_->reports);
  v1::FrameBuilder frame{builder};
  frame.add_hdr(&header);
  frame.add_exec(vector);
  builder.Finish(frame.Finish(), v1::FrameIdentifier());
  CHECK(builder.GetSize() <= wire::frame_bytes_max);
  return {reinterpret_cast<const std::byte*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::optional<ExecFrame> read_exec_frame(std::span<const std::byte> bytes) {
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier{data, bytes.size()};
  if (!v1::VerifyFrameBuffer(verifier)) return std::nullopt;
  const v1::Frame* const frame = v1::GetFrame(data);
  const v1::FrameHeader& header = *frame->hdr();
  if (header.channel() != static_cast<std::uint8_t>(wire::Channel::exec)) return std::nullopt;
  ExecFrame out{.prev_seq = header.prev_seq(),
                .first_seq = header.first_seq(),
                .last_seq = header.last_seq(),
                .ts_pub = header.ts_pub(),
                .stream_id = header.stream_id(),
                .epoch = header.epoch(),
                .flags = header.flags(),
                .reports = {}};
  if (frame->exec() != nullptr)
    for (const v1::ExecReport* report : *frame->exec()) out.reports.push_back(report_of(*report));
  return out;
}

}  // namespace bourse

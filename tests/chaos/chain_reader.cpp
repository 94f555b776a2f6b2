#include "tests/chaos/chain_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace bourse {
namespace {

constexpr std::uint64_t piece_rows_max = 16'384;  // so that a fault has a place
constexpr std::size_t errors_max = 20;

// What a client may be told, and comes back from: a gateway that is not so far yet, a full house.
constexpr std::string_view passing[] = {"seq_in_future", "unknown_symbol",   "server_busy",
                                        "control_rate",  "too_many_replays", "overloaded",
                                        "shutting_down", "slow_reader"};

// The number after "key":" in a text that the server has made.
std::uint64_t number_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == text.npos) return 0;
  std::uint64_t number = 0;
  std::from_chars(text.data() + at + key.size(), text.data() + text.size(), number);
  return number;
}

}  // namespace

ChainReader::ChainReader(Crowd& crowd, std::uint32_t index, std::string symbol, std::uint64_t begin,
                         std::FILE* file)
    : Wanderer(crowd, "/v1/md", "bourse.fb.v1"),
      index_(index),
      symbol_(std::move(symbol)),
      file_(file),
      begin_(begin) {}

void ChainReader::on_open() {
  std::string start;
  heartbeats_.begin(begin_ > 0);
  if (position_ > 0)
    start = fmt::format(R"(,"start":{{"seq":"{}","epoch":{}}})", position_ + 1, position_epoch_);
  else if (begin_ > 0)
    start = fmt::format(R"(,"start":{{"seq":"{}"}})", begin_);
  const std::string request =
      fmt::format(R"({{"op":"subscribe","id":1,"subs":[{{"channel":"mbo","symbols":["{}"]{}}}]}})",
                  symbol_, start);
  connection().send(WsOpcode::text, std::as_bytes(std::span(request)));
}

void ChainReader::on_text(std::string_view text) {
  const bool is_error = text.find(R"("op":"error")") != text.npos;
  if (is_error || text.find(R"("rejected":)") != text.npos) {
    const bool may_pass = std::ranges::any_of(passing, [&](std::string_view name) {
      return text.find(fmt::format(R"("name":"{}")", name)) != text.npos;
    });
    if (!may_pass) note(std::string(text));
    return leave();
  }
  if (begin_ == 0) begin_ = number_after(text, R"("from_seq":")");
}

void ChainReader::on_binary(std::span<const std::byte> payload) {
  const auto frame = read_frame(aligned_.of(payload));
  if (!frame) return note("a frame does not verify");
  if (frame->system) return on_system(*frame->system);
  if (frame->header.channel != wire::Channel::mbo || frame->mbo.empty()) return;
  on_rows(frame->header, frame->mbo);
}

void ChainReader::begin_piece(const wire::FrameHeader& header, std::uint64_t rpt_first) {
  if (whole_.frames > 0) std::fwrite(&whole_, sizeof whole_, 1, file_);
  running_ = {.prev_seq = header.prev_seq,
              .first_seq = header.first_seq,
              .last_seq = header.prev_seq,
              .rows = 0,
              .rpt_first = rpt_first,
              .rpt_last = rpt_first - 1,
              .crc = 0,
              .subscriber = index_,
              .epoch = header.epoch,
              .frames = 0};
  whole_ = running_;
}

void ChainReader::on_rows(const wire::FrameHeader& header, std::span<const wire::MboEvent> rows) {
  const std::uint64_t rpt_first = rows.front().rpt_seq;
  const bool is_next = running_.frames > 0 && header.prev_seq == running_.last_seq &&
                       rpt_first == running_.rpt_last + 1;
  const bool has_room = running_.rows < piece_rows_max && header.epoch == running_.epoch;
  // A piece ends between two transactions only.
  const bool is_between = running_.rows == whole_.rows;
  if (!is_next || (!has_room && is_between)) begin_piece(header, rpt_first);
  for (const wire::MboEvent& row : rows)
    if (row.rpt_seq != ++running_.rpt_last)
      note(fmt::format("{}: rpt_seq {} where {} is next", symbol_, row.rpt_seq, running_.rpt_last));
  const auto bytes = std::as_bytes(rows);
  running_.crc = static_cast<std::uint32_t>(::crc32(
      running_.crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  running_.rows += rows.size();
  running_.last_seq = header.last_seq;
  ++running_.frames;
  rows_ += rows.size();
  ++frames_;
  if ((header.flags & wire::frame_flags::partial) != 0) return;
  whole_ = running_;
  position_ = whole_.last_seq;
  position_epoch_ = whole_.epoch;
  whole_up_to_ = std::max(whole_up_to_, position_);
}

void ChainReader::on_system(const SystemFields& system) {
  if (system.code == wire::SystemCode::gap) note("a gap that nobody asked for");
  if (heartbeats_.take(system) && begin_ > 0)
    whole_up_to_ = std::max(whole_up_to_, system.journal_seq);
}

void ChainReader::write_down() {
  if (whole_.frames > 0) std::fwrite(&whole_, sizeof whole_, 1, file_);
  whole_ = running_ = {};
}

void ChainReader::note(std::string what) {
  if (errors_.size() < errors_max) errors_.push_back(std::move(what));
}

}  // namespace bourse

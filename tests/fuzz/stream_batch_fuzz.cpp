// Any bytes at the decoder of a stream's messages: it must answer, and what it accepts must be
// whole transactions, dense, within what the headers say.
//   Input:  one byte of mode, two of the number of transactions in the headers, then the body, or,
//           with bit 2, edits of a sound one: {offset, byte} of three bytes each. With bit 0 the
//           checksums are made right, because a random input would never come past them; with bit
//           1 the headers are the input's own text, in four lines.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "replay/log/record.h"                 // record_crc, set_record_crc
#include "replay/stream/stream_batch.h"        // StreamBatch, BatchHeader
#include "tests/replay/sample_transactions.h"  // SampleTransactions

namespace bourse {
namespace {

constexpr Uuid journal{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

std::vector<std::byte> sound_body() {
  StreamBatch batch;
  SampleTransactions samples;
  batch.begin(journal);
  for (std::uint64_t i = 1; i <= 8; ++i) batch.add(*TransactionView::parse(samples.make(i)));
  return {batch.body().begin(), batch.body().end()};
}

void make_checksums_right(std::vector<std::byte>& body) {
  for (std::size_t at = 0; body.size() - at >= sizeof(RecordHeader);) {
    const RecordHeader header = record_header(body.data() + at);
    if (header.length < sizeof(RecordHeader) || header.length > body.size() - at) return;
    const std::span<const std::byte> record(body.data() + at, header.length);
    set_record_crc(body.data() + at, record_crc(record, batch_salt(journal), 0));
    at += header.length;
  }
}

void check(const StreamBatch& batch, std::size_t body_bytes) {
  std::size_t bytes = 0;
  Sequence expected = batch.header().first;
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const TransactionView transaction = batch.transaction(i);
    if (transaction.sequence() != expected) std::abort();
    if (transaction.epoch() != batch.header().epoch) std::abort();
    expected = next(expected);
    bytes += transaction.bytes().size();
  }
  if (expected != next(batch.header().last) || bytes != body_bytes) std::abort();
}

void read_headers(std::string_view text) {
  std::array<std::string_view, 4> lines{};
  for (std::string_view& line : lines) {
    line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  const auto header = BatchHeader::parse(lines[0], lines[1], lines[2], lines[3]);
  if (header && header->first.value() > header->last.value() + 1) std::abort();
}

}  // namespace
}  // namespace bourse

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bourse;
  if (size < 3) return 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): text
  if ((data[0] & 2) != 0) read_headers({reinterpret_cast<const char*>(data) + 3, size - 3});
  std::vector<std::byte> body;
  if ((data[0] & 4) != 0) {
    static const std::vector<std::byte> sound = sound_body();
    body = sound;
    for (std::size_t at = 3; at + 3 <= size; at += 3) {
      body[(data[at] | data[at + 1] << 8) % body.size()] = std::byte{data[at + 2]};
    }
  } else {
    body.resize(size - 3);
    if (!body.empty()) std::memcpy(body.data(), data + 3, body.size());
  }
  if ((data[0] & 1) != 0) make_checksums_right(body);
  BatchHeader header{
      .journal = journal, .first = Sequence{1}, .last = Sequence{0}, .epoch = Epoch{1}};
  if (body.size() >= sizeof(RecordHeader)) {
    const RecordHeader record = record_header(body.data());
    header.first = record.sequence;
    header.epoch = record.epoch;
  }
  const int count = (data[0] & 8) != 0 ? 8 : data[1] | data[2] << 8;  // 8: as the sound one has
  header.last = Sequence{header.first.value() + static_cast<std::uint64_t>(count) - 1};
  static StreamBatch batch;
  if (batch.read(header, body)) check(batch, body.size());
  return 0;
}

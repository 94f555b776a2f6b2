#include "feed/history/replay_digest.h"

#include <openssl/evp.h>

#include <cstring>

#include "feed/market/market_frames.h"  // header_of
#include "feed/net/outbox.h"            // WsOpcode, ws_header_bytes, ws_frame_bytes
#include "feed/wire.h"                  // Channel, frame_flags
#include "matching/check.h"             // CHECK

namespace bourse {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context new_sha256() {
  Context context{EVP_MD_CTX_new()};
  CHECK(context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  return context;
}

void update(EVP_MD_CTX* context, std::span<const std::byte> bytes) {
  CHECK(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}

ReplayDigest::Hash finish(EVP_MD_CTX* context) {
  ReplayDigest::Hash hash;
  unsigned length = 0;
  CHECK(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(hash.data()), &length) == 1);
  CHECK(length == hash.size());
  return hash;
}

// Of the structs that a frame of this channel has a vector of; 0: it has none, or none that every
// replay cuts alike.
std::size_t event_bytes(wire::Channel channel) {
  switch (channel) {
    case wire::Channel::mbo:
      return 64;
    case wire::Channel::level:
      return 56;
    case wire::Channel::bbo:
    case wire::Channel::trade:
      return 72;
    case wire::Channel::status:
      return 40;
    case wire::Channel::imbalance:
      return 80;
    default:
      return 0;
  }
}

template <class Integer>
Integer read(std::span<const std::byte> frame, std::size_t at) {
  Integer value;
  CHECK(at + sizeof value <= frame.size());
  std::memcpy(&value, frame.data() + at, sizeof value);
  return value;
}

// The vector of structs, found as docs/PROTOCOL.md, "Frames" says: the field of a channel has its
// number.
std::span<const std::byte> events_of(std::span<const std::byte> frame, wire::Channel channel,
                                     std::size_t bytes) {
  const auto root = read<std::uint32_t>(frame, 0);
  const auto vtable = root - static_cast<std::size_t>(read<std::int32_t>(frame, root));
  const auto field = read<std::uint16_t>(frame, vtable + 4 + 2 * static_cast<std::size_t>(channel));
  if (field == 0) return {};
  const std::size_t place = root + field;
  const std::size_t vector = place + read<std::uint32_t>(frame, place);
  return frame.subspan(vector + 4, read<std::uint32_t>(frame, vector) * bytes);
}

}  // namespace

struct ReplayDigest::Running {
  Context context = new_sha256();
  std::uint64_t events = 0;
};

ReplayDigest::ReplayDigest() = default;
ReplayDigest::~ReplayDigest() = default;
ReplayDigest::ReplayDigest(ReplayDigest&&) noexcept = default;
ReplayDigest& ReplayDigest::operator=(ReplayDigest&&) noexcept = default;

void ReplayDigest::clear() {
  streams_.clear();
  events_ = 0;
}

void ReplayDigest::add_messages(std::span<const std::byte> messages) {
  while (!messages.empty()) {
    const std::size_t header = ws_header_bytes(messages.data());
    const std::size_t length = ws_frame_bytes(messages.data());
    const auto opcode = static_cast<WsOpcode>(messages[0] & std::byte{0x0F});
    if (opcode == WsOpcode::binary) add_frame(messages.subspan(header, length - header));
    messages = messages.subspan(length);
  }
}

void ReplayDigest::add_frame(std::span<const std::byte> frame) {
  const wire::FrameHeader header = header_of(frame);
  constexpr std::uint8_t not_counted = wire::frame_flags::snapshot | wire::frame_flags::conflated;
  const std::size_t bytes = event_bytes(header.channel);
  // Streams with parameters of their own are not cut by transactions alone.
  const bool is_variant = (header.stream_id >> 31) != 0;
  if (bytes == 0 || (header.flags & not_counted) != 0 || is_variant) return;
  const std::span<const std::byte> events = events_of(frame, header.channel, bytes);
  auto& running = streams_[header.stream_id];
  if (running == nullptr) running = std::make_unique<Running>();
  update(running->context.get(), events);
  running->events += events.size() / bytes;
  events_ += events.size() / bytes;
}

std::vector<ReplayDigest::StreamHash> ReplayDigest::streams() const {
  std::vector<StreamHash> out;
  for (const auto& [stream, running] : streams_) {
    const Context copy{EVP_MD_CTX_new()};
    CHECK(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), running->context.get()) == 1);
    out.push_back({.stream = stream, .events = running->events, .hash = finish(copy.get())});
  }
  return out;
}

std::string ReplayDigest::text() const {
  const Context all = new_sha256();
  for (const StreamHash& one : streams()) {
    const std::uint64_t stream = one.stream;  // and four bytes of zeros
    update(all.get(), std::as_bytes(std::span(&stream, 1)));
    update(all.get(), std::as_bytes(std::span(&one.events, 1)));
    update(all.get(), one.hash);
  }
  return hex_text(finish(all.get()));
}

std::string hex_text(const ReplayDigest::Hash& hash) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : hash) {
    out += digits[std::to_integer<unsigned>(byte) >> 4];
    out += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return out;
}

}  // namespace bourse

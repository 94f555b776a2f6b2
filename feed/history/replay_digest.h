// What a replay delivered, as numbers that two replays of one range share whatever their pace: the
// events of each stream, hashed where they lie in the frames.
//   Shape:  one running SHA-256 per stream over the bytes of its events, in order; snapshots,
//           definitions and notices do not count, nor does where frames were cut.
//   Units:  bytes as on the wire.
//   Owner:  one session.
//   Errors: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bourse {

class ReplayDigest {
 public:
  static constexpr std::size_t hash_bytes = 32;
  using Hash = std::array<std::byte, hash_bytes>;

  struct StreamHash {
    std::uint32_t stream;
    std::uint64_t events;
    Hash hash;
  };

  ReplayDigest();
  ~ReplayDigest();
  ReplayDigest(ReplayDigest&&) noexcept;
  ReplayDigest& operator=(ReplayDigest&&) noexcept;

  // Whole websocket messages of a server, of any kind.
  void add_messages(std::span<const std::byte> messages);
  void clear();

  std::uint64_t events() const { return events_; }
  // Of the streams in ascending order; nothing is changed by asking.
  std::vector<StreamHash> streams() const;
  // SHA-256 over all of them: stream u32, 0 u32, events u64, hash 32 bytes each. In hex.
  std::string text() const;

 private:
  struct Running;

  void add_frame(std::span<const std::byte> frame);

  std::map<std::uint32_t, std::unique_ptr<Running>> streams_;
  std::uint64_t events_ = 0;
};

std::string hex_text(const ReplayDigest::Hash& hash);

}  // namespace bourse

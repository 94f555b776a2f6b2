// CRC-32C against published values, and the two ways of computing it against each other.
#include "replay/log/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace bourse {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(0, {}), 0U);
  EXPECT_EQ(crc32c(0, bytes_of("123456789")), 0xe306'9283U);
  EXPECT_EQ(crc32c(0, std::vector<std::byte>(32)), 0x8a91'36aaU);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(0, std::vector<std::byte>(32, std::byte{0xff})), 0x62a8'ab43U);
}

TEST(Crc32c, TheTableAgreesWithTheProcessorOnAnyLengthAndCut) {
  std::mt19937_64 random(1);
  std::vector<std::byte> data(3000);
  for (std::byte& b : data) b = static_cast<std::byte>(random());
  for (int i = 0; i < 2000; ++i) {
    const std::size_t length = random() % data.size();
    const std::size_t from = random() % (data.size() - length);
    const auto piece = std::span<const std::byte>(data).subspan(from, length);
    const std::uint32_t whole = crc32c(0, piece);
    EXPECT_EQ(crc32c_by_table(0, piece), whole);
    const std::size_t cut = length == 0 ? 0 : random() % length;
    EXPECT_EQ(crc32c(crc32c(0, piece.first(cut)), piece.subspan(cut)), whole);
    EXPECT_EQ(crc32c_by_table(crc32c(0, piece.first(cut)), piece.subspan(cut)), whole);
  }
}

}  // namespace
}  // namespace bourse

#include "feed/net/message_deflate.h"

#include <gtest/gtest.h>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <random>
#include <string>

#include "feed/net/outbox.h"  // Outbox
#include "tests/test_seed.h"  // test_seed

namespace bourse {
namespace {

// As a client would take it apart: with the tail that is not sent.
std::string inflated(std::span<const std::byte> bytes, std::size_t room) {
  std::string in(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  in.append("\x00\x00\xff\xff", 4);
  std::string out(room, 0);
  boost::beast::zlib::inflate_stream stream;
  boost::beast::zlib::z_params parameters;
  parameters.next_in = in.data();
  parameters.avail_in = in.size();
  parameters.next_out = out.data();
  parameters.avail_out = out.size();
  boost::beast::error_code error;
  stream.write(parameters, boost::beast::zlib::Flush::sync, error);
  EXPECT_FALSE(error) << error.message();
  out.resize(parameters.total_out);
  return out;
}

TEST(MessageDeflate, EveryMessageStandsAloneAndComesBackAsItWas) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200; ++i) {
    std::string text = R"({"op":"exec","exec_seq":")";
    const std::size_t length = 100 + random() % 70'000;
    while (text.size() < length) text += std::to_string(random() % 1000) + R"(","price":"60000.0)";
    const auto small = deflate_message(text);
    ASSERT_FALSE(small.empty()) << "seed " << seed;
    ASSERT_LT(small.size(), text.size());
    ASSERT_EQ(inflated(small, text.size() + 64), text) << "seed " << seed;
  }
}

TEST(MessageDeflate, WhatDoesNotGetSmallerIsSentAsItIs) {
  std::string noise;
  std::mt19937_64 random(7);
  while (noise.size() < 4096) noise += static_cast<char>(random());
  EXPECT_TRUE(deflate_message(noise).empty());
  Outbox out;
  out.deflate_texts(true);
  out.append_text("short");
  EXPECT_EQ(out.pending().front(), std::byte{0x81});
  out.append_text(std::string(4096, 'x'));
  EXPECT_EQ(out.pending()[7], std::byte{0xC1}) << "RSV1: compressed";
  EXPECT_LT(out.size(), 200u);
  out.append_binary(std::vector<std::byte>(4096));
  EXPECT_GT(out.size(), 4096u) << "frames never are";
}

TEST(MessageDeflate, ASmallerWindowThanOursIsNotUsed) {
  EXPECT_TRUE(deflate_agreed("permessage-deflate; server_no_context_takeover"));
  EXPECT_FALSE(deflate_agreed("permessage-deflate; server_max_window_bits=10"));
  EXPECT_FALSE(deflate_agreed(""));
}

}  // namespace
}  // namespace bourse

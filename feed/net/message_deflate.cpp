#include "feed/net/message_deflate.h"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <vector>

namespace bourse {
namespace {

namespace zlib = boost::beast::zlib;

constexpr int window_bits = 15;
constexpr int level = 1;
constexpr int memory_level = 8;
constexpr std::size_t tail_bytes = 4;  // 00 00 ff ff: not sent, RFC 7692, 7.2.1
constexpr std::size_t flush_bytes = 16;

struct Compressor {
  Compressor() { stream.reset(level, window_bits, memory_level, zlib::Strategy::normal); }
  zlib::deflate_stream stream;
  std::vector<std::byte> out;
};

}  // namespace

std::span<const std::byte> deflate_message(std::string_view text) {
  thread_local Compressor compressor;
  compressor.stream.reset();
  compressor.out.resize(compressor.stream.upper_bound(text.size()) + flush_bytes);
  zlib::z_params parameters;
  parameters.next_in = text.data();
  parameters.avail_in = text.size();
  parameters.next_out = compressor.out.data();
  parameters.avail_out = compressor.out.size();
  boost::beast::error_code error;
  compressor.stream.write(parameters, zlib::Flush::sync, error);
  if (error || parameters.avail_in != 0 || parameters.avail_out == 0 ||
      parameters.total_out < tail_bytes || parameters.total_out - tail_bytes >= text.size())
    return {};
  return std::span(compressor.out).first(parameters.total_out - tail_bytes);
}

bool deflate_agreed(std::string_view extensions) {
  return extensions.find("permessage-deflate") != std::string_view::npos &&
         extensions.find("server_max_window_bits") == std::string_view::npos;
}

}  // namespace bourse

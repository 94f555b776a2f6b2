// Any bytes as what a load balancer says first: a header, more needed, or refused; never a read
// beyond the bytes, and a header that comes in pieces is the same header.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "feed/net/address_range.h"  // AddressRange
#include "feed/net/proxy_header.h"   // parse_proxy_header

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bourse::ProxyHeader;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const ProxyHeader whole = bourse::parse_proxy_header(bytes);
  if (whole.state == ProxyHeader::State::incomplete && whole.bytes <= size) std::abort();
  if (whole.state == ProxyHeader::State::whole) {
    if (whole.bytes < ProxyHeader::fixed_bytes || whole.bytes > size) std::abort();
    for (std::size_t piece = 1; piece < whole.bytes; ++piece)
      if (bourse::parse_proxy_header(bytes.first(piece)).state != ProxyHeader::State::incomplete)
        std::abort();
    const auto everybody =
        bourse::AddressRange::parse(whole.client.starts_with('[') ? "::/0" : "0.0.0.0/0");
    const bool is_mapped = whole.client.starts_with("[::ffff:");
    if (!whole.client.empty() && !is_mapped && !everybody->holds(whole.client)) std::abort();
  }
  static_cast<void>(bourse::AddressRange::parse({reinterpret_cast<const char*>(data), size}));
  return 0;
}

// Compresses websocket messages: permessage-deflate of RFC 7692 without context takeover, so that a
// connection costs no memory for it and every message stands alone.
//   Shape:  one compressor for each thread, made when the first message asks for it.
//   Units:  bytes.
//   Owner:  any thread; what is returned holds until the thread's next call.
//   Errors: none; a message that does not become smaller comes back empty: send it as it is.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace bourse {

inline constexpr std::size_t deflate_bytes_min = 128;  // shorter ones are not worth it

std::span<const std::byte> deflate_message(std::string_view text);

// May messages be compressed under this Sec-WebSocket-Extensions of our answer? Not with a window
// that is smaller than the compressor's.
bool deflate_agreed(std::string_view extensions);

}  // namespace bourse

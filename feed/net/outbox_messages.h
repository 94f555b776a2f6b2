// What was written into an outbox, message by message: for whoever passes it on.
//   Shape:  a template over what is done with each; the outbox is empty afterwards.
//   Owner:  the io thread of the outbox.
//   Errors: none. REQUIRES: whole messages, texts not compressed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "feed/net/outbox.h"  // Outbox

namespace bourse {

// on_text(std::string_view), on_frame(the whole websocket frame of a binary message).
template <class OnText, class OnFrame>
void take_messages(Outbox& outbox, OnText on_text, OnFrame on_frame) {
  while (!outbox.empty()) {
    const std::span<const std::byte> pending = outbox.pending();
    const std::size_t header = ws_header_bytes(pending.data());
    const std::size_t length = ws_frame_bytes(pending.data());
    const bool is_text =
        (pending.front() & std::byte{0x0f}) == std::byte{static_cast<std::uint8_t>(WsOpcode::text)};
    if (is_text)
      on_text(std::string_view(reinterpret_cast<const char*>(pending.data()) + header,
                               length - header));
    else
      on_frame(pending.first(length));
    outbox.consume(length);
  }
}

}  // namespace bourse

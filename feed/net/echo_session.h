// /v1/echo: sends back every message as it came, for conformance suites from outside. Development
// only, behind feed.echo; the bytes pass the same Session, Outbox and Egress as those of the feed.
//   Shape:  a conversation of the session loop, without state.
//   Owner:  one io thread.
//   Errors: none; the loop stops reading from who does not read.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "feed/net/outbox.h"  // Outbox
#include "matching/types.h"   // TimeNs

namespace bourse {

class EchoSession {
 public:
  void on_open(Outbox&) {}
  void on_text(std::string_view text, Outbox& out) { out.append_text(text); }
  void on_binary(std::span<const std::byte> bytes, Outbox& out) { out.append_binary(bytes); }
  bool pump(Outbox&, TimeNs) { return false; }
  void on_timer(TimeNs, Outbox&) {}
};

}  // namespace bourse

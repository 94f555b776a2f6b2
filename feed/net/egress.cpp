#include "feed/net/egress.h"

#include <algorithm>
#include <string>

namespace bourse {

namespace {

constexpr std::size_t record_overhead_bytes_max = 256;  // generous; TLS 1.3 adds 22

}  // namespace

Egress::Egress() {
  // Two records for a session: control bytes and frames.
  arena_.reserve(block_sessions_max * 2 * (TlsWire::record_bytes_max + record_overhead_bytes_max));
}

bool Egress::encrypt(Session& session, std::span<const std::byte> plain) {
  if (!session.wire().encrypt(plain, arena_)) {
    session.on_sent(TlsWire::Sent::failed);
    return false;
  }
  ++records_;
  plain_bytes_ += plain.size();
  return true;
}

bool Egress::resume(Session& session) {
  TlsWire& wire = session.wire();
  if (!wire.open() || session.state() == Session::State::gone) return false;
  const TlsWire::Sent sent = wire.flush();
  if (sent == TlsWire::Sent::all) return true;
  session.on_sent(sent);
  return false;
}

bool Egress::add(Session& session) {
  TlsWire& wire = session.wire();
  if (!wire.open() || session.state() == Session::State::gone) return false;
  Outbox& outbox = session.outbox();
  std::string& control = wire.control();
  const std::size_t before = arena_.size();
  bool took_all_control = true;
  if (!control.empty() && outbox.frame_left_bytes() == 0) {
    const std::size_t bytes = std::min(control.size(), TlsWire::record_bytes_max);
    if (!encrypt(session, std::as_bytes(std::span(control).first(bytes)))) return false;
    control.erase(0, bytes);
    took_all_control = control.empty();
    if (took_all_control) control.shrink_to_fit();
  }
  // Behind a close frame there is nothing; before it, the frame that was begun must end.
  const bool frames_may_go = outbox.frame_left_bytes() > 0 || !session.close_queued();
  if (took_all_control && frames_may_go && !outbox.empty()) {
    std::span<const std::byte> frames = outbox.front(TlsWire::record_bytes_max);
    if (!control.empty() || session.close_queued())
      frames = frames.first(std::min(frames.size(), outbox.frame_left_bytes()));
    if (!encrypt(session, frames)) return false;
    outbox.consume(frames.size());
  }
  if (arena_.size() == before) {
    session.on_sent(TlsWire::Sent::all);
    return false;
  }
  parts_[parts_count_++] = {&session, before, arena_.size()};
  const bool more = !control.empty() || (!outbox.empty() && !session.close_queued());
  if (parts_count_ == block_sessions_max) flush();
  return more && !wire.pending();
}

void Egress::flush() {
  for (std::size_t i = 0; i < parts_count_; ++i) {
    const Part& part = parts_[i];
    const auto cipher = arena_.bytes().subspan(part.begin, part.end - part.begin);
    part.session->on_sent(part.session->wire().send(cipher));
  }
  parts_count_ = 0;
  arena_.clear();
}

}  // namespace bourse

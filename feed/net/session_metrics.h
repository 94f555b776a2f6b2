// What one io thread counts about its sessions, by the names of docs/OPERATIONS.md.
//   Shape:  references into Metrics, made once.
//   Owner:  the io thread writes.
//   Errors: none.
#pragma once

#include <array>
#include <string>

#include "feed/metrics.h"      // Metrics, Counter, Gauge, Histogram
#include "feed/net/ending.h"   // Ending
#include "feed/net/session.h"  // Session

namespace bourse {

struct SessionMetrics {
  explicit SessionMetrics(Metrics& metrics);

  Counter& accepted;
  Counter& refused_count;  // before TLS: the address has too many
  Counter& refused_rate;   // before TLS: it comes too often
  Counter& refused_proxy;  // a trusted balancer did not say whose connection it is
  Counter& handshakes;
  Counter& upgrades;
  Counter& http_requests;
  Counter& http_refused;
  Counter& messages_in;
  Counter& records_out;
  Counter& bytes_out;  // plain, before TLS
  Gauge& connections;
  Gauge& clients;  // open websockets
  Gauge& blocked;  // sockets that are full
  Gauge& outbox_bytes;
  Histogram& sweep;                           // one sweep over the sessions: encrypt and send
  std::array<Counter*, endings_count> ended;  // by Ending

  // What is there now: `seats` are pointers to sessions.
  template <class Seats>
  void measure(const Seats& seats) {
    std::int64_t waiting = 0, open = 0, full = 0;
    for (const auto& seat : seats) {
      waiting += static_cast<std::int64_t>(seat->outbox().size());
      open += seat->state() == Session::State::open;
      full += seat->wire().pending();
    }
    outbox_bytes.set(waiting);
    clients.set(open);
    blocked.set(full);
    connections.set(static_cast<std::int64_t>(seats.size()));
  }
};

inline SessionMetrics::SessionMetrics(Metrics& m)
    : accepted(m.counter("bourse_connections_total", "TCP connections accepted")),
      refused_count(m.counter("bourse_connections_refused_total",
                              "Connections refused before TLS, by limit",
                              {{"limit", "connections_per_ip"}})),
      refused_rate(m.counter("bourse_connections_refused_total",
                             "Connections refused before TLS, by limit",
                             {{"limit", "connects_per_minute"}})),
      refused_proxy(m.counter("bourse_connections_refused_total",
                              "Connections refused before TLS, by limit",
                              {{"limit", "proxy_header"}})),
      handshakes(m.counter("bourse_tls_handshakes_total", "TLS handshakes completed")),
      upgrades(m.counter("bourse_websockets_total", "Websockets opened")),
      http_requests(m.counter("bourse_http_requests_total", "HTTP requests answered")),
      http_refused(m.counter("bourse_http_refused_total",
                             "HTTP requests refused, by limit (http_per_second)")),
      messages_in(m.counter("bourse_messages_in_total", "Websocket messages received")),
      records_out(m.counter("bourse_tls_records_total", "TLS records sent")),
      bytes_out(m.counter("bourse_sent_bytes_total", "Bytes sent, before encryption")),
      connections(m.gauge("bourse_connections", "TCP connections now")),
      clients(m.gauge("bourse_clients", "Open websockets now")),
      blocked(m.gauge("bourse_clients_blocked", "Open websockets whose socket is full")),
      outbox_bytes(m.gauge("bourse_outbox_bytes", "Bytes waiting in all outboxes")),
      sweep(m.histogram("bourse_stage_seconds", "Time spent in a stage", {{"stage", "fanout"}})) {
  for (std::size_t i = 0; i < endings_count; ++i)
    ended[i] = &m.counter("bourse_sessions_ended_total", "Connections ended, by reason",
                          {{"reason", std::string(name_of(static_cast<Ending>(i)))}});
}

}  // namespace bourse

// What the feed server may be told: addresses, certificate, limits. Every limit has a name and a
// default; hello and GET /v1/limits publish them.
//   Shape:  a plain value, filled by the config and constant while the server runs.
//   Units:  in the names (_bytes, _ms, _count).
//   Owner:  whoever wires the exchange; every session reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "matching/types.h"  // Epoch

namespace bourse {

struct FeedLimits {
  std::size_t inbound_message_bytes = 64 << 10;  // text or binary; over it: close 1009
  std::size_t order_bytes = 512;                 // one FlatBuffers order request
  std::size_t frame_bytes = 64 << 10;            // one frame sent, header of its own included
  std::size_t outbox_high_bytes = 1 << 20;       // over it: the session falls back into the log
  std::size_t outbox_low_bytes = 256 << 10;      // under it: filled again
  std::size_t frame_log_bytes = 32 << 20;        // frames of the last moments, shared by all
  std::size_t replay_frame_log_bytes = 2 << 20;  // the same for one connection on /v1/replay
  std::size_t http_header_bytes = 8 << 10;
  std::uint32_t streams_per_connection_count = 4096;
  std::uint32_t symbols_per_op_count = 1000;
  std::uint32_t replays_per_connection_count = 8;  // starts in the past, running at once
  std::uint32_t replays_per_server_count = 32;     // connections on /v1/replay; over it: 4004
  std::uint32_t replay_range_count = 1'000'000;    // transactions that one gap fill may ask for
  std::uint32_t control_per_second_count = 20;     // control messages, tokens regained per second
  std::uint32_t control_burst_count = 50;
  std::uint32_t orders_per_second_count = 5000;
  std::uint32_t orders_burst_count = 10000;
  std::uint32_t connections_count = 10000;        // sessions of one io thread; over it: HTTP 503
  std::uint32_t handshakes_per_turn_count = 4;    // so that a storm cannot stall the readers
  std::uint32_t lag_ms = 250;                     // behind for longer: System SlowReader
  std::uint32_t handshake_ms = 5000;              // TLS and HTTP upgrade, each connection
  std::uint32_t first_request_ms = 10000;         // auth or subscribe must come within
  std::uint32_t ping_ms = 15000;                  // websocket ping after so long a silence
  std::uint32_t dead_ms = 45000;                  // nothing heard for so long: gone
  std::uint32_t no_progress_ms = 30000;           // bytes due and none taken: cut, 4008
  std::uint32_t disconnect_grace_ms = 0;          // a lost session keeps its orders for so long
  std::uint32_t drain_ms = 3000;                  // a graceful stop takes at most so long
  std::uint32_t connections_per_ip_count = 1000;  // of the server, before TLS; 0 = no limit
  std::uint32_t connects_per_minute_count = 300;  // of one address, before TLS; 0 = no limit
  std::uint32_t connects_burst_count = 300;       // of them at once
  std::uint32_t connections_per_key_count = 50;   // authenticated, of the server
  std::uint32_t outcomes_kept_count = 1 << 20;    // client sequences found without the log
  std::uint32_t orders_known_count = 1 << 20;     // open orders that can be asked for
  std::uint32_t ticket_rotation_s = 3600;       // a TLS session ticket is good for up to twice that
  std::uint32_t poll_wait_ms = 25000;           // a long poll without news is answered then
  std::uint32_t http_per_second_count = 50;     // requests of one connection; over it: 429
  std::uint32_t http_burst_count = 100;         // of them at once
  std::uint32_t dropcopy_accounts_count = 256;  // of one connection on /v1/dropcopy
  std::uint32_t open_orders_page_count = 200;   // orders told by one open_orders
  std::uint32_t history_waiting_count = 16;     // books of the past that wait; over it: 503
};

struct FeedOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9443;
  std::string server_name = "bourse";  // hello.server
  std::string certificate_file;        // PEM chain; empty: self-signed, made at start
  std::string private_key_file;        // PEM
  std::vector<std::string> certificate_names = {"localhost", "127.0.0.1"};  // self-signed only
  // Load balancers, as addresses or networks ("10.0.0.0/8"): what they pass on begins with a PROXY
  // header, version 2, and the address that it names is the client's.
  std::vector<std::string> proxy_trusted;
  std::vector<std::string> origins_allowed;  // "https://desk.example:8443"; "*" allows every page
  bool tls12 = false;                        // TLS 1.3 only unless asked for
  std::string client_ca_file;                // PEM: client certificates of this authority are taken
  bool trade_needs_certificate = false;      // of a client, for /v1/trade and /v1/dropcopy
  bool admin_needs_certificate = false;      // for what the scope admin allows
  bool limit_loopback = false;  // this machine's own connections count too; else a proxy or a bench
  bool deflate = true;          // permessage-deflate, with bourse.json.v1 only
  bool echo = false;            // development: /v1/echo sends back what it gets
  bool key_log = false;         // development: TLS secrets go to $SSLKEYLOGFILE
  Epoch epoch{1};
  std::uint32_t log = 0;   // which of the exchange's logs this is about,
  std::uint32_t logs = 1;  // of so many: feed/log_share.h
  std::uint32_t heartbeat_ms = 1000;
  FeedLimits limits;
};

}  // namespace bourse

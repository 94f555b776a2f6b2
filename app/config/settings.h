// The one list of scalar settings: key, place in Config, what it means. File, environment, flags,
// `bourse config show` and the table in docs/OPERATIONS.md all come from it.
//   Shape:   visit_settings calls visit(key, value&, meaning) for each; values are text, lists
//            of words, integers, bool, Durability or WaitMode.
//   Owner:   the main thread, at start.
//   Errors:  set_setting() names the key, the text it was given and what it takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"  // Config
#include "replay/result.h"      // Result

namespace bourse {

template <class AnyConfig, class Visit>
void visit_settings(AnyConfig& c, Visit&& visit) {
  visit("journal.directory", c.journal.directory, "where the log lives; one exchange at a time");
  visit("journal.durability", c.journal.durability,
        "when anybody is told: memory (in the page cache), disk (after fdatasync) or replicated "
        "(and stored in the stream)");
  visit("journal.segment_bytes", c.journal.segment_bytes, "size of one segment file");
  visit("journal.tail_bytes", c.journal.tail_bytes,
        "size of the log's memory tail, a power of two");
  visit("journal.reserve_bytes", c.journal.reserve_bytes,
        "kept for cancels when the disk is full; 0 = none");
  visit("journal.compress_after_s", c.journal.compress_after_s,
        "compress sealed segments so long after their last transaction; 0 = never");
  visit("journal.retain_s", c.journal.retain_s,
        "delete sealed segments so long after it, if a snapshot covers them; 0 = never");
  visit("journal.retain_bytes", c.journal.retain_bytes,
        "delete the oldest when all segments are larger together, likewise; 0 = never");
  visit("stream.url", c.stream.url,
        "nats-servers that the log is published to, commas between; empty = none");
  visit("stream.subject", c.stream.subject, "what subjects and streams there begin with");
  visit("stream.replicas", c.stream.replicas, "servers that keep the stream: 1, 3 or 5");
  visit("stream.max_age_s", c.stream.max_age_s,
        "the stream forgets after so long; older ones are in the journal; 0 = never");
  visit("stream.window", c.stream.window, "batches published and not yet answered");
  visit("stream.timeout_ms", c.stream.timeout_ms,
        "no answer for so long: at level replicated no orders are taken");
  visit("stream.stale_ms", c.stream.stale_ms,
        "a gateway that hears nothing of the engine for so long says that it is stale");
  visit("lease.enabled", c.lease.enabled,
        "several nodes share one log: follow the stream, lead only while holding the lease");
  visit("lease.node", c.lease.node, "what this node is called; empty = the machine's name");
  visit("lease.renew_ms", c.lease.renew_ms, "the leader renews the lease, a standby looks");
  visit("lease.takeover_ms", c.lease.takeover_ms,
        "not renewed for so long, while the store answered: a standby takes over");
  visit("lease.hold_ms", c.lease.hold_ms,
        "a leader that could not renew for so long stops, unless replicated; below takeover_ms");
  visit("lease.advertise", c.lease.advertise,
        "where clients reach this node: wss://HOST:PORT; empty = feed.host and feed.port");
  visit("snapshot.every_transactions", c.snapshot.every_transactions,
        "a snapshot after so many transactions; 0 = not by their number");
  visit("snapshot.at_seal", c.snapshot.at_seal, "a snapshot whenever a segment is full");
  visit("snapshot.keep", c.snapshot.keep, "snapshots kept; older ones are removed");
  visit("snapshot.books_every", c.snapshot.books_every,
        "keyframes of the books after so many transactions; 0 = none");
  visit("engine.symbols_max", c.engine.limits.symbols_max, "instruments");
  visit("engine.accounts_max", c.engine.limits.accounts_max, "accounts are 1 to this");
  visit("engine.orders_max", c.engine.limits.orders_max, "open orders of all symbols together");
  visit("engine.wait", c.engine.wait,
        "how idle engine and journal threads wait: spin, yield or park");
  visit("engine.gate_commands_max", c.engine.gate_commands_max,
        "commands waiting per io thread; when full the answer is busy");
  visit("engine.commands_per_poll_max", c.engine.commands_per_poll_max,
        "commands taken under one reading of the clock");
  visit("engine.channels", c.engine.channels,
        "engines, each with a log and threads of its own; symbols are spread over them");
  visit("feed.host", c.feed.host, "address to listen on");
  visit("feed.port", c.feed.port, "port to listen on; 0 = any free one");
  visit("feed.io_threads", c.io_threads, "threads that serve connections");
  visit("feed.server_name", c.feed.server_name, "what hello calls this server");
  visit("feed.certificate_file", c.feed.certificate_file,
        "PEM chain; empty = self-signed, made at start");
  visit("feed.private_key_file", c.feed.private_key_file, "PEM key of certificate_file");
  visit("feed.tls12", c.feed.tls12, "take TLS 1.2 too; 1.3 only by default");
  visit("feed.certificate_names", c.feed.certificate_names,
        "hosts that a self-signed certificate names");
  visit("feed.client_ca_file", c.feed.client_ca_file,
        "PEM authority of client certificates; empty = none are asked for");
  visit("feed.trade_needs_certificate", c.feed.trade_needs_certificate,
        "no /v1/trade and /v1/dropcopy without a client certificate");
  visit("feed.admin_needs_certificate", c.feed.admin_needs_certificate,
        "no administration without a client certificate");
  visit("feed.origins_allowed", c.feed.origins_allowed,
        "further origins of web pages that may connect; * = all");
  visit("feed.keys_file", c.keys_file, "further [[keys]]: the file of `bourse keys`");
  visit("feed.proxy_trusted", c.feed.proxy_trusted,
        "load balancers (addresses, networks) that say whose a connection is: PROXY protocol v2");
  visit("feed.limit_loopback", c.feed.limit_loopback,
        "the limits per address hold for this machine too");
  visit("feed.deflate", c.feed.deflate, "offer permessage-deflate with bourse.json.v1");
  visit("feed.echo", c.feed.echo, "development only: /v1/echo");
  visit("feed.key_log", c.feed.key_log, "development only: TLS secrets to $SSLKEYLOGFILE");
  visit("feed.heartbeat_ms", c.feed.heartbeat_ms, "System heartbeat on every market connection");
  auto& limits = c.feed.limits;
  visit("feed.limits.inbound_message_bytes", limits.inbound_message_bytes,
        "longest message taken; over it: close 1009");
  visit("feed.limits.order_bytes", limits.order_bytes, "longest FlatBuffers order request");
  visit("feed.limits.frame_bytes", limits.frame_bytes, "longest frame sent");
  visit("feed.limits.outbox_high_bytes", limits.outbox_high_bytes,
        "unsent bytes above which a session reads from the log");
  visit("feed.limits.outbox_low_bytes", limits.outbox_low_bytes,
        "unsent bytes below which it is filled again");
  visit("feed.limits.frame_log_bytes", limits.frame_log_bytes,
        "frames kept ready, shared by all sessions of a thread");
  visit("feed.limits.replay_frame_log_bytes", limits.replay_frame_log_bytes,
        "frames kept ready for one connection on /v1/replay");
  visit("feed.limits.replays_per_connection", limits.replays_per_connection_count,
        "starts in the past of one connection that run at once");
  visit("feed.limits.replays_per_server", limits.replays_per_server_count,
        "connections on /v1/replay; over it: error 4004");
  visit("feed.limits.http_header_bytes", limits.http_header_bytes, "longest HTTP request head");
  visit("feed.limits.streams_per_connection", limits.streams_per_connection_count,
        "subscriptions of one connection");
  visit("feed.limits.symbols_per_op", limits.symbols_per_op_count, "symbols named in one message");
  visit("feed.limits.replays_per_connection", limits.replays_per_connection_count,
        "starts in the past and gap fills running at once");
  visit("feed.limits.replay_range", limits.replay_range_count,
        "transactions that one gap fill may ask for");
  visit("feed.limits.control_per_second", limits.control_per_second_count,
        "control messages per second");
  visit("feed.limits.control_burst", limits.control_burst_count, "control messages at once");
  visit("feed.limits.orders_per_second", limits.orders_per_second_count,
        "orders per second of one session; cancels are free");
  visit("feed.limits.orders_burst", limits.orders_burst_count, "orders at once");
  visit("feed.limits.connections", limits.connections_count,
        "connections of one io thread; over it: HTTP 503");
  visit("feed.limits.handshakes_per_turn", limits.handshakes_per_turn_count,
        "TLS handshakes between two sweeps");
  visit("feed.limits.lag_ms", limits.lag_ms, "behind for longer: the reader is told SlowReader");
  visit("feed.limits.handshake_ms", limits.handshake_ms, "longest TLS handshake and upgrade");
  visit("feed.limits.first_request_ms", limits.first_request_ms,
        "subscribe or auth must come within");
  visit("feed.limits.ping_ms", limits.ping_ms, "websocket ping after so long a silence");
  visit("feed.limits.dead_ms", limits.dead_ms, "nothing heard for so long: gone");
  visit("feed.limits.no_progress_ms", limits.no_progress_ms,
        "bytes due and none taken for so long: cut");
  visit("feed.limits.disconnect_grace_ms", limits.disconnect_grace_ms,
        "a session that is cut keeps its cancel_on_disconnect orders for so long; 0 = not at all");
  visit("feed.limits.drain_ms", limits.drain_ms, "longest goodbye to connections at a stop");
  visit("feed.limits.connections_per_ip", limits.connections_per_ip_count,
        "connections of one address, refused before TLS; 0 = no limit");
  visit("feed.limits.connects_per_minute", limits.connects_per_minute_count,
        "connection attempts of one address, refused before TLS; 0 = no limit");
  visit("feed.limits.connects_burst", limits.connects_burst_count, "such attempts at once");
  visit("feed.limits.connections_per_key", limits.connections_per_key_count,
        "authenticated connections of one key");
  visit("feed.limits.outcomes_kept", limits.outcomes_kept_count,
        "client_seqs whose outcome is found at once; older ones are searched in the log");
  visit("feed.limits.orders_known", limits.orders_known_count,
        "open orders that open_orders and order_status know");
  visit("feed.limits.ticket_rotation_s", limits.ticket_rotation_s,
        "age at which the key of TLS session tickets is replaced");
  visit("feed.limits.poll_wait_ms", limits.poll_wait_ms,
        "a GET /v1/poll without news is answered after so long");
  visit("feed.limits.http_per_second", limits.http_per_second_count,
        "HTTP requests per second of one connection; over it: 429");
  visit("feed.limits.http_burst", limits.http_burst_count, "such requests at once");
  visit("feed.limits.dropcopy_accounts", limits.dropcopy_accounts_count,
        "accounts that one drop copy connection may watch");
  visit("feed.limits.open_orders_page", limits.open_orders_page_count,
        "orders that one answer to open_orders has");
  visit("feed.limits.history_waiting", limits.history_waiting_count,
        "GET /v1/book of the past that may wait, per io thread; over it: HTTP 503");
  visit("demo.seed", c.demo.seed, "of the demo market");
  visit("demo.commands_per_second", c.demo.commands_per_second, "of the demo market");
  visit("log.level", c.log.level, "debug, info, warn or error");
  visit("log.format", c.log.format, "text or json");
  visit("drain_timeout_ms", c.drain_timeout_ms, "longest graceful stop");
}

std::vector<std::string> setting_keys();

// Sets one setting from text. `origin` is remembered for `config show --origin`.
Result<void> set_setting(Config& config, std::string_view key, std::string_view text,
                         std::string origin);

// Applies BOURSE_SECTION_KEY variables (BOURSE_FEED_PORT=9000).
Result<void> apply_environment(Config& config);

std::string setting_text(const Config& config, std::string_view key);
std::string setting_meaning(std::string_view key);

// The candidate nearest to `word` by edit distance; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace bourse

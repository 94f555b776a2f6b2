// Every setting of the exchange, with its default: what runs when nothing is configured.
//   Shape:   plain values; filled by defaults < file < environment < flags (app/config/settings.h).
//   Units:   in the names. Decimals (tick_size ...) stay text until they are converted exactly.
//   Owner:   built once by the main thread before anything starts, read-only afterwards.
//   Errors:  none here; app/config/config_file.h and app/config/settings.h name file, line, key and
//            remedy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "feed/feed_options.h"            // FeedOptions
#include "matching/engine.h"              // EngineLimits
#include "matching/wait_strategy.h"       // WaitMode
#include "replay/log/log.h"               // Durability
#include "replay/snapshot/snapshotter.h"  // SnapshotPolicy
#include "replay/text/instrument_text.h"  // InstrumentText

namespace bourse {

struct SymbolConfig : InstrumentText {
  // Rules of trading, in the quote currency; empty or 0 = no such rule. docs/MATCHING.md.
  std::string reference_price;
  std::string static_band;
  std::string dynamic_band;
  std::string market_protection;
  std::uint32_t volatility_ms = 0;
  std::uint32_t indicative_ms = 0;
  std::optional<std::uint32_t> channel;  // left out: by its name
  int line = 0;                          // where the file says so; 0 = not from a file
};

struct KeyConfig {
  std::string id;
  std::uint32_t account = 0;
  std::string algorithm = "ed25519";  // or hmac-sha256
  std::string public_key;             // ed25519: base64 of the 32 bytes
  std::string secret_file;            // hmac-sha256: a file with the secret, one line
  std::string scopes = "read trade";  // words of feed/control/auth.h
  std::string accounts;               // dropcopy: numbers with spaces between, or * for all
  bool enabled = true;
  int line = 0;
};

struct Config {
  struct Journal {
    std::string directory = "journal";
    Durability durability = Durability::disk;
    std::uint64_t segment_bytes = 256u << 20;
    std::uint64_t tail_bytes = 64u << 20;
    std::uint64_t reserve_bytes = 64u << 20;
    // What becomes of sealed segments; 0 = never.
    std::uint64_t compress_after_s = 3600;
    std::uint64_t retain_s = 0;
    std::uint64_t retain_bytes = 0;
  } journal;

  // The log on NATS JetStream, for gateways and standbys. Without a url no connection is made.
  struct Stream {
    std::string url;
    std::string subject = "bourse";  // what all subjects and streams begin with
    std::uint32_t replicas = 1;
    std::uint64_t max_age_s = 86'400;
    std::uint64_t window = 256;  // batches without an answer
    std::uint64_t timeout_ms = 10'000;
    std::uint64_t stale_ms = 2000;  // a gateway that hears nothing for so long says so
  } stream;

  // Who leads, when several nodes share one log through the stream.
  struct LeaseConfig {
    bool enabled = false;
    std::string node;  // empty: the name of the machine
    std::uint64_t renew_ms = 300;
    std::uint64_t takeover_ms = 10'000;
    std::uint64_t hold_ms = 9'000;
    std::string advertise;  // where clients reach this node; empty: feed.host and feed.port
  } lease;

  SnapshotPolicy snapshot;

  struct EngineConfig {
    EngineLimits limits{.symbols_max = 16'384};  // a Nasdaq day lists some 9,000 to 11,000
    WaitMode wait = WaitMode::park;
    std::uint64_t gate_commands_max = 4096;  // per io thread or in-process participant
    std::uint64_t commands_per_poll_max = 256;
    std::uint32_t channels = 1;  // engines, each with a log of its own
  } engine;

  FeedOptions feed;
  std::string keys_file;  // further [[keys]], made by `bourse keys`; read again on SIGHUP
  std::uint32_t io_threads = 1;

  struct Demo {
    std::uint64_t seed = 42;
    std::uint64_t commands_per_second = 200;
  } demo;

  struct LogOutput {
    std::string level = "info";   // debug, info, warn, error
    std::string format = "text";  // or json
  } log;

  std::uint64_t drain_timeout_ms = 5000;

  std::vector<SymbolConfig> symbols;
  std::vector<KeyConfig> keys;

  // Key -> where its value came from: "default", "bourse.toml:14", "BOURSE_FEED_PORT", "--port".
  std::map<std::string, std::string, std::less<>> origins;
};

}  // namespace bourse

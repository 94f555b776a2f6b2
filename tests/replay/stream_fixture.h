// Tests with a private nats-server: a log that is filled by hand beside one or three servers.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "replay/stream/jetstream.h"     // JetStream
#include "replay/stream/stream_batch.h"  // StreamBatch
#include "tests/nats_server.h"           // NatsServers
#include "tests/replay/log_fixture.h"    // LogFixture

namespace bourse {

class StreamFixture : public LogFixture {
 protected:
  static constexpr const char* stream = "EX_TX_0";
  static constexpr const char* subject = "ex.tx.0";

  void SetUp() override {
    if (const std::string why = NatsServers::why_absent(); !why.empty()) GTEST_SKIP() << why;
  }

  // Asks again for half a minute before an error is believed.
  template <class Ask>
  static auto eventually(Ask ask) {
    auto answer = ask();
    for (int i = 0; i < 300 && !answer; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
      answer = ask();
    }
    return answer;
  }
  // Connected, the stream made: a cluster needs some seconds to find its leaders.
  void start_servers(std::size_t count) {
    servers = std::make_unique<NatsServers>(count);
    auto connected = connect();
    ASSERT_TRUE(connected) << connected.error().text();
    server.emplace(std::move(*connected));
    const auto made = eventually([&] { return server->ensure_stream(stream_options()); });
    ASSERT_TRUE(made) << made.error().text();
  }
  Result<JetStream> connect() const { return JetStream::connect({.url = servers->url()}); }
  StreamOptions stream_options() const {
    return {.name = stream,
            .subject = subject,
            .replicas = static_cast<int>(servers->count()),
            .max_age = std::chrono::seconds{0}};
  }

  // The header of a message, which should begin with `first`. A server that has been killed may
  // answer before it is in step with the others again: what it has then passes, a hole does not.
  std::optional<BatchHeader> header_at(std::uint64_t number, Sequence first) {
    std::optional<BatchHeader> header;
    eventually([&] {
      const auto message = server->message(stream, number);
      if (!message || !*message) return false;
      if (const auto read = BatchHeader::read(**message)) header = *read;
      return header && header->first == first;
    });
    return header;
  }
  static bool comes_true(const auto& condition) {
    for (int i = 0; i < 6000 && !condition(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return condition();
  }

  StreamState server_state() {
    std::optional<StreamState> found;
    comes_true([&] {
      const auto state = server->stream_state(stream);
      if (state && *state) found = **state;
      return found.has_value();
    });
    return found.value_or(StreamState{});
  }
  std::size_t leader() {
    std::size_t index = servers->count();
    comes_true([&] {
      const auto state = server->stream_state(stream);
      for (std::size_t i = 0; state && *state && i < servers->count(); ++i) {
        if ((*state)->leader == NatsServers::name(i)) index = i;
      }
      return index < servers->count();
    });
    return index;
  }

  // One message of transactions `from` to `to`, made up like those of the log.
  PublishOutcome publish(std::uint64_t from, std::uint64_t to, std::uint64_t expected_last,
                         std::uint32_t in_epoch = 1) {
    StreamBatch batch;
    batch.begin(journal);
    for (std::uint64_t i = from; i <= to; ++i) {
      batch.add(*TransactionView::parse(samples.make(i, in_epoch)));
    }
    return publish(batch, expected_last);
  }
  PublishOutcome publish(const StreamBatch& batch, std::uint64_t expected_last) {
    OutgoingMessage message(subject, batch.body(), expected_last);
    batch.header().write(message);
    return server->publish(std::move(message));
  }

  Uuid journal{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  std::unique_ptr<NatsServers> servers;
  std::optional<JetStream> server;
};

}  // namespace bourse

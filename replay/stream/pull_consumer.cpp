#include "replay/stream/pull_consumer.h"

#include <nats/nats.h>

#include <algorithm>
#include <deque>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "replay/stream/subscription.h"  // end_subscription

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int messages_per_request = 256;
constexpr std::chrono::milliseconds request_lives{1000};
constexpr std::chrono::milliseconds silence_max{2500};
constexpr std::chrono::seconds forgotten_after{30};  // by the server, once nobody asks

}  // namespace

struct PullConsumer::State {
  JetStream* server = nullptr;
  std::string stream;
  std::string consumer;
  std::string inbox;
  std::string request_subject;
  std::string request;
  natsSubscription* subscription = nullptr;
  std::deque<int> requests;  // at the server, in their order: messages each may still deliver
  int asked = 0;             // by all of them
  Clock::time_point heard;

  ~State() {
    if (subscription != nullptr) end_subscription(subscription, server->connection());
    if (!consumer.empty() && server->is_connected()) {
      // Without waiting for the answer; else the server forgets it by itself.
      const std::string subject = fmt::format("$JS.API.CONSUMER.DELETE.{}.{}", stream, consumer);
      natsConnection_PublishString(server->connection(), subject.c_str(), "");
    }
  }

  std::unexpected<Error> lost(std::string_view why) const {
    return fail(ExitCode::unreachable,
                fmt::format("the consumer of stream {} is lost: {}", stream, why),
                server->options().url, "another one is made");
  }
  Result<void> ask();
  void delivered();
  void ended();
};

Result<void> PullConsumer::State::ask() {
  const natsStatus status =
      natsConnection_PublishRequest(server->connection(), request_subject.c_str(), inbox.c_str(),
                                    request.data(), static_cast<int>(request.size()));
  if (status != NATS_OK) return lost(natsStatus_GetText(status));
  requests.push_back(messages_per_request);
  asked += messages_per_request;
  return {};
}

void PullConsumer::State::delivered() {
  if (requests.empty()) return;
  --asked;
  if (--requests.front() == 0) requests.pop_front();
}

// The oldest request has lived long enough.
void PullConsumer::State::ended() {
  if (requests.empty()) return;
  asked -= requests.front();
  requests.pop_front();
}

PullConsumer::PullConsumer(std::unique_ptr<State> state) : state_(std::move(state)) {}
PullConsumer::PullConsumer(PullConsumer&&) noexcept = default;
PullConsumer& PullConsumer::operator=(PullConsumer&&) noexcept = default;
PullConsumer::~PullConsumer() = default;

Result<PullConsumer> PullConsumer::make(JetStream& server, const std::string& stream,
                                        std::uint64_t from) {
  auto state = std::make_unique<State>();
  State& s = *state;
  s.server = &server;
  s.stream = stream;
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = std::max<std::uint64_t>(from, 1);
  config.AckPolicy = js_AckNone;
  config.InactiveThreshold = std::chrono::nanoseconds(forgotten_after).count();
  config.MemoryStorage = true;
  config.Replicas = 1;
  jsConsumerInfo* info = nullptr;
  jsErrCode code{};
  natsStatus status =
      js_AddConsumer(&info, server.context(), stream.c_str(), &config, nullptr, &code);
  if (status != NATS_OK) {
    return std::unexpected(
        nats_error(status, fmt::format("making a consumer of {}", stream), server.options().url));
  }
  s.consumer = info->Name;
  jsConsumerInfo_Destroy(info);
  natsInbox* inbox = nullptr;
  status = natsInbox_Create(&inbox);
  if (status == NATS_OK) {
    s.inbox = inbox;
    natsInbox_Destroy(inbox);
    status = natsConnection_SubscribeSync(&s.subscription, server.connection(), s.inbox.c_str());
  }
  if (status != NATS_OK) {
    return std::unexpected(nats_error(status, "subscribing", server.options().url));
  }
  s.request_subject = fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", stream, s.consumer);
  s.request = fmt::format(R"({{"batch":{},"expires":{}}})", messages_per_request,
                          std::chrono::nanoseconds(request_lives).count());
  s.heard = Clock::now();
  if (auto done = s.ask(); !done) return std::unexpected(std::move(done.error()));
  return PullConsumer(std::move(state));
}

Result<std::optional<StreamMessage>> PullConsumer::next(std::chrono::milliseconds wait) {
  State& s = *state_;
  const auto until = Clock::now() + wait;
  for (;;) {
    natsMsg* got = nullptr;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    // The library takes 0 for an error, but gives what waits for any other time.
    const natsStatus status = natsSubscription_NextMsg(
        &got, s.subscription, std::clamp<std::int64_t>(left.count(), 1, silence_max.count()));
    if (status == NATS_TIMEOUT) {
      if (Clock::now() - s.heard > silence_max) return s.lost("its server is silent");
      if (Clock::now() >= until) return std::nullopt;
      continue;
    }
    if (status != NATS_OK) return s.lost(natsStatus_GetText(status));
    StreamMessage message(got);
    s.heard = Clock::now();
    const std::string_view answer = message.header("Status");
    if (answer == "100") continue;
    // 408: the request has lived long enough; 404: there is nothing. Anything else is the end.
    if (answer == "408" || answer == "404") {
      s.ended();
    } else if (!answer.empty()) {
      return s.lost(fmt::format("{} {}", answer, message.header("Description")));
    } else {
      s.delivered();
    }
    // Before the last message is there: the server need not wait for the next request.
    if (s.asked < messages_per_request / 2) {
      if (auto done = s.ask(); !done) return std::unexpected(std::move(done.error()));
    }
    if (answer.empty()) return message;
    if (Clock::now() >= until) return std::nullopt;
  }
}

std::chrono::steady_clock::time_point PullConsumer::heard() const { return state_->heard; }

}  // namespace bourse

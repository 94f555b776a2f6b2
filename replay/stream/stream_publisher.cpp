#include "replay/stream/stream_publisher.h"

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "replay/stream/subscription.h"  // end_subscription

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds listen_for{20};

}  // namespace

struct StreamPublisher::State {
  struct InFlight {
    std::uint64_t place;  // its stream sequence, if it is stored
    Sequence last;
    Clock::time_point sent;
    bool is_stored = false;
  };

  JetStream& server;
  const PublisherOptions options;
  const Hooks hooks;
  std::string inbox;  // answers come to "<inbox>.<place>"
  natsSubscription* answers = nullptr;
  std::atomic<std::uint64_t> next_place;  // written by send() alone

  mutable std::mutex mutex;  // held for moments
  std::deque<InFlight> in_flight;
  std::optional<PublishOutcome> failure;
  std::atomic<bool> has_failed{false};
  std::atomic<bool> has_stored{false};
  std::jthread listener;  // last

  State(JetStream& on, PublisherOptions given, Hooks told)
      : server(on),
        options(std::move(given)),
        hooks(std::move(told)),
        next_place(options.last + 1) {}
  ~State() {
    if (listener.joinable()) {
      listener.request_stop();
      listener.join();
    }
    if (answers != nullptr) end_subscription(answers, server.connection());
  }

  void listen(const std::stop_token& stop);
  void hear(const StreamMessage& answer);
  void fail_late_ones();
  void fail_one(std::uint64_t place, PublishOutcome why);
};

// REQUIRES: the mutex is held
void StreamPublisher::State::fail_one(std::uint64_t place, PublishOutcome why) {
  std::erase_if(in_flight, [place](const InFlight& one) { return one.place == place; });
  if (!failure) failure = std::move(why);
  has_failed.store(true, std::memory_order_release);
}

void StreamPublisher::State::hear(const StreamMessage& answer) {
  const std::string_view subject = natsMsg_GetSubject(answer.get());
  std::uint64_t place = 0;
  if (subject.size() <= inbox.size() + 1) return;
  std::from_chars(subject.data() + inbox.size() + 1, subject.data() + subject.size(), place);
  PublishOutcome published = publish_answer(answer);
  if (published.state == PublishState::stored && published.stream_sequence != place) {
    published.state = PublishState::unknown;
    published.error = {ExitCode::unreachable, "a batch was stored in another place", {}, {}};
  }
  Sequence stored{0};
  {
    const std::lock_guard lock(mutex);
    if (published.state == PublishState::stored) {
      const auto it = std::ranges::find(in_flight, place, &InFlight::place);
      if (it != in_flight.end()) it->is_stored = true;
      // After a failure what was stored is for the stream to tell.
      while (!in_flight.empty() && in_flight.front().is_stored) {
        if (!failure) stored = in_flight.front().last;
        in_flight.pop_front();
      }
    } else {
      fail_one(place, std::move(published));
    }
  }
  if (stored == Sequence{0}) return;
  has_stored.store(true, std::memory_order_release);
  hooks.on_stored(stored);
}

void StreamPublisher::State::fail_late_ones() {
  const auto too_old = Clock::now() - options.answer_max;
  const std::lock_guard lock(mutex);
  while (!in_flight.empty() && (failure || in_flight.front().sent < too_old)) {
    if (in_flight.front().is_stored) {
      in_flight.pop_front();
      continue;
    }
    if (in_flight.front().sent >= too_old) break;
    fail_one(in_flight.front().place,
             {PublishState::unknown,
              0,
              {ExitCode::unreachable, "no answer to a publish", server.options().url,
               "see the servers: have they a leader?"}});
  }
}

void StreamPublisher::State::listen(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    natsMsg* got = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&got, answers, listen_for.count());
    if (status == NATS_OK) {
      hear(StreamMessage(got));
    } else if (status != NATS_TIMEOUT) {
      std::this_thread::sleep_for(listen_for);  // closed: what is in flight runs out of time
    }
    fail_late_ones();
    hooks.on_change();
  }
}

StreamPublisher::StreamPublisher(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamPublisher::~StreamPublisher() = default;

Result<std::unique_ptr<StreamPublisher>> StreamPublisher::make(JetStream& server,
                                                               PublisherOptions options,
                                                               Hooks hooks) {
  auto state = std::make_unique<State>(server, std::move(options), std::move(hooks));
  State& s = *state;
  natsInbox* inbox = nullptr;
  natsStatus status = natsInbox_Create(&inbox);
  if (status == NATS_OK) {
    s.inbox = inbox;
    natsInbox_Destroy(inbox);
    status =
        natsConnection_SubscribeSync(&s.answers, server.connection(), (s.inbox + ".*").c_str());
  }
  if (status != NATS_OK) {
    return std::unexpected(
        nats_error(status, "subscribing to the answers of publishes", server.options().url));
  }
  s.listener = std::jthread([&s](const std::stop_token& stop) { s.listen(stop); });
  return std::unique_ptr<StreamPublisher>(new StreamPublisher(std::move(state)));
}

void StreamPublisher::send(const StreamBatch& batch) {
  State& s = *state_;
  const std::uint64_t place = s.next_place.load(std::memory_order_relaxed);
  const std::string reply = s.inbox + "." + std::to_string(place);
  OutgoingMessage message(s.options.subject, batch.body(), place - 1, reply.c_str());
  batch.header().write(message);
  s.next_place.store(place + 1, std::memory_order_relaxed);
  {
    // Before it is sent: the answer may be there before the call returns.
    const std::lock_guard lock(s.mutex);
    s.in_flight.push_back({.place = place, .last = batch.header().last, .sent = Clock::now()});
  }
  const natsStatus status = natsConnection_PublishMsg(s.server.connection(), message.get());
  if (status == NATS_OK) return;
  // It may have been sent in part or be kept for a new connection: only the stream can tell.
  const std::lock_guard lock(s.mutex);
  s.fail_one(place, {PublishState::unknown, 0,
                     nats_error(status, "publishing a batch", s.server.options().url)});
}

std::size_t StreamPublisher::in_flight() const {
  const std::lock_guard lock(state_->mutex);
  return state_->in_flight.size();
}
bool StreamPublisher::may_pipeline() const {
  return state_->has_stored.load(std::memory_order_acquire);
}
bool StreamPublisher::has_failed() const {
  return state_->has_failed.load(std::memory_order_acquire);
}
PublishOutcome StreamPublisher::failure() const {
  const std::lock_guard lock(state_->mutex);
  return *state_->failure;
}
std::uint64_t StreamPublisher::last() const {
  return state_->next_place.load(std::memory_order_relaxed) - 1;
}

}  // namespace bourse

// Messages that are not stored: a subject that is listened to, and messages that are sent.
//   Shape:  core NATS; what nobody listens to is gone. A mailbox without a subject has one of its
//           own, to be answered to.
//   Owner:  one thread listens; send() belongs to any thread. The connection outlives it.
//   Errors: open() says why not; next() gives nothing while the server is away; send() is false.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // JetStream

typedef struct __natsSubscription natsSubscription;

namespace bourse {

class Mailbox {
 public:
  struct Message {
    StreamMessage held;
    std::span<const std::byte> bytes() const { return held.body(); }
    std::string_view reply_to() const;
  };

  static Result<Mailbox> open(JetStream& server, const std::string& subject = {});

  const std::string& subject() const { return subject_; }
  std::optional<Message> next(std::chrono::milliseconds wait);

 private:
  struct End {
    natsConnection* connection = nullptr;
    void operator()(natsSubscription* subscription) const;
  };
  Mailbox(std::string subject, natsSubscription* subscription, natsConnection* connection)
      : subject_(std::move(subject)), subscription_(subscription, End{connection}) {}

  std::string subject_;
  std::unique_ptr<natsSubscription, End> subscription_;
};

// False: it could not be sent now. Never kept for later.
bool send_message(JetStream& server, const std::string& subject, std::span<const std::byte> bytes,
                  const std::string& reply_to = {});

}  // namespace bourse

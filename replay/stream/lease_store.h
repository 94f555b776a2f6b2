// The lease's key in a bucket of JetStream.
//   Shape:   one connection of its own, made when it is first needed; the bucket is made, and made
//            again if the servers have lost it.
//   Owner:   whoever owns the Lease: one call at a time.
//   Errors:  those of the connection; the next call begins anew.
#pragma once

#include <optional>
#include <string>

#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // JetStream, JetStreamOptions
#include "replay/stream/key_value.h"  // KeyValue
#include "replay/stream/lease.h"      // LeaseStore

namespace bourse {

class BucketLeaseStore final : public LeaseStore {
 public:
  BucketLeaseStore(JetStreamOptions server, KeyValueOptions bucket);

  Result<std::optional<Entry>> read(const std::string& key) override;
  Result<std::optional<std::uint64_t>> write(const std::string& key, const std::string& value,
                                             std::uint64_t expected) override;

 private:
  Result<void> open();

  const JetStreamOptions server_options_;
  const KeyValueOptions bucket_options_;
  std::optional<JetStream> server_;
  std::optional<KeyValue> bucket_;  // ends before the server does
};

}  // namespace bourse

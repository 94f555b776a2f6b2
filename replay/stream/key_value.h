// A bucket of keys in JetStream whose values are replaced only by who has seen the last one: what
// leases and blocks of ids are made of.
//   Shape:   get, create, update by revision; history of one value per key.
//   Owner:   one thread at a time; the connection must outlive it.
//   Errors:  a lost race is no error: create() and update() answer nullopt. `unreachable`: no
//            answer in time; a write may then have been done or may yet be, only get() can tell.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "replay/result.h"            // Result
#include "replay/stream/jetstream.h"  // JetStream

typedef struct __kvStore kvStore;

namespace bourse {

struct KeyValueOptions {
  std::string bucket;
  int replicas = 1;
  std::chrono::milliseconds ttl{0};  // a value is forgotten so long after it was written; 0 = never
};

class KeyValue {
 public:
  struct Entry {
    std::string value;
    std::uint64_t revision = 0;
  };

  // Opens the bucket, and makes it if there is none.
  static Result<KeyValue> open(JetStream& server, const KeyValueOptions& options);

  Result<std::optional<Entry>> get(const std::string& key);  // nullopt: it has no value
  // Both answer the new revision; nullopt: somebody else was first, nothing was written.
  Result<std::optional<std::uint64_t>> create(const std::string& key, std::string_view value);
  Result<std::optional<std::uint64_t>> update(const std::string& key, std::string_view value,
                                              std::uint64_t revision);

 private:
  struct Destroy {
    void operator()(kvStore* store) const;
  };
  KeyValue(JetStream& server, std::string bucket, kvStore* store)
      : server_(&server), bucket_(std::move(bucket)), store_(store) {}
  Result<std::optional<std::uint64_t>> written(int status, std::uint64_t revision,
                                               const std::string& key);

  JetStream* server_;
  std::string bucket_;
  std::unique_ptr<kvStore, Destroy> store_;
};

}  // namespace bourse

// `bourse serve` in a process of its own, for a bench: a demo exchange without its own flow, with a
// journal that is removed afterwards.
//   Owner:  the thread that has started it; ended with this.
//   Errors: start() says what kept it from starting.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/log/durability.h"  // Durability
#include "replay/result.h"          // Result

namespace bourse {

class ExchangeProcess {
 public:
  // The journal lies in `directory`, which is made. `more` settings, "demo.seed=1", go on top.
  static Result<std::unique_ptr<ExchangeProcess>> start(const std::filesystem::path& binary,
                                                        const std::filesystem::path& directory,
                                                        Durability durability,
                                                        std::span<const std::string> more = {});
  ~ExchangeProcess();
  ExchangeProcess(const ExchangeProcess&) = delete;
  ExchangeProcess& operator=(const ExchangeProcess&) = delete;

  std::uint16_t port() const { return port_; }
  std::int64_t cpu_ns() const;             // of all its threads so far
  std::uint64_t memory_bytes() const;      // resident now
  std::uint64_t own_memory_bytes() const;  // the same without pages of files
  std::size_t open_files() const;

 private:
  ExchangeProcess() = default;

  std::filesystem::path directory_;
  pid_t pid_ = 0;
  std::FILE* lines_ = nullptr;
  std::uint16_t port_ = 0;
};

}  // namespace bourse

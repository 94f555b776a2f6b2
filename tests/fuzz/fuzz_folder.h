// A folder for the files of a fuzzer, gone with the process.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace bourse {

class FuzzFolder {
 public:
  explicit FuzzFolder(const std::string& name)
      : path(place() / (name + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~FuzzFolder() { std::filesystem::remove_all(path); }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;

  const std::filesystem::path path;

 private:
  // In memory where there is such a place: a journal is made for each input.
  static std::filesystem::path place() {
    return std::filesystem::exists("/dev/shm") ? std::filesystem::path("/dev/shm")
                                               : std::filesystem::temp_directory_path();
  }
};

}  // namespace bourse

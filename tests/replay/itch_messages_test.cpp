// All 23 ITCH 5.0 message types against hand-made vectors: fields, sizes and names.

#include "replay/itch/itch_messages.h"  // dispatch, append_framed

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/data_folder.h"  // data_folder, data_missing

namespace bourse::itch {
namespace {

using Bytes = std::vector<std::byte>;

// Every field as the vectors write it: numbers as numbers, text with its padding.
class FieldTexts {
 public:
  template <class T>
  void operator()(std::string_view name, const T& field) {
    std::string& text = texts[std::string(name)];
    if constexpr (std::is_same_v<T, char>) {
      text = std::string(1, field);
    } else if constexpr (std::is_integral_v<T>) {
      text = std::to_string(field);
    } else if constexpr (std::is_same_v<T, Timestamp>) {
      text = std::to_string(field.ns);
    } else if constexpr (std::is_same_v<T, Price4> || std::is_same_v<T, Price8>) {
      text = std::to_string(field.value);
    } else {
      text = std::string(field.text, sizeof field.text);
    }
  }
  std::map<std::string, std::string> texts;
};

std::map<std::string, std::string> expected_fields(const toml::table& vector) {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : *vector["expected_fields"].as_table()) {
    texts[std::string(key.str())] = value.is_integer()
                                        ? std::to_string(*value.value<std::int64_t>())
                                        : *value.value<std::string>();
  }
  return texts;
}

Bytes bytes_of_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 3) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<std::filesystem::path> vector_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

struct CallCounter {
  template <class Message>
  void operator()(const Message&) {
    ++calls;
  }
  int calls = 0;
};

TEST(ItchMessages, EveryTypeDecodesToTheFieldsOfItsVectorAndBack) {
  const auto folder = data_folder("itch50_vectors_feedforge");
  if (!folder) GTEST_SKIP() << data_missing("itch50_vectors_feedforge");
  std::string types;
  for (const auto& path : vector_files(*folder)) {
    SCOPED_TRACE(path.filename().string());
    const toml::table vector = toml::parse_file(path.string());
    const Bytes bytes = bytes_of_hex(*vector["raw_hex"].value<std::string>());
    ASSERT_EQ(static_cast<std::int64_t>(bytes.size()), *vector["raw_size"].value<std::int64_t>());
    FieldTexts fields;
    std::string name;
    Bytes encoded;
    const Decode answer = dispatch(bytes, [&]<class Message>(const Message& message) {
      fields.texts["message_type"] = std::string(1, Message::type);
      MessageHeader::fields(message.header, fields);
      Message::fields(message, fields);
      name = Message::name;
      append_framed(message, encoded);
    });
    ASSERT_EQ(answer, Decode::ok);
    EXPECT_EQ(fields.texts, expected_fields(vector));
    std::ranges::replace(name, ' ', '_');
    EXPECT_EQ(name, *vector["message_name"].value<std::string>());
    types += static_cast<char>(bytes[0]);

    ASSERT_EQ(encoded.size(), bytes.size() + 2);
    EXPECT_EQ(static_cast<std::size_t>(encoded[0]), 0u);
    EXPECT_EQ(static_cast<std::size_t>(encoded[1]), bytes.size());
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), encoded.begin() + 2));
  }
  EXPECT_EQ(types, "SRHYLVWKJhAFECXDUPQBINO");
}

TEST(ItchMessages, AByteTooFewOrTooManyIsAWrongSize) {
  const auto folder = data_folder("itch50_vectors_feedforge");
  if (!folder) GTEST_SKIP() << data_missing("itch50_vectors_feedforge");
  for (const auto& path : vector_files(*folder)) {
    SCOPED_TRACE(path.filename().string());
    const toml::table vector = toml::parse_file(path.string());
    Bytes bytes = bytes_of_hex(*vector["raw_hex"].value<std::string>());
    CallCounter counter;
    bytes.push_back(std::byte{0});
    EXPECT_EQ(dispatch(bytes, counter), Decode::wrong_size);
    bytes.resize(bytes.size() - 2);
    EXPECT_EQ(dispatch(bytes, counter), Decode::wrong_size);
    EXPECT_EQ(counter.calls, 0);
  }
}

TEST(ItchMessages, ATypeThatDoesNotExistIsUnknownAndNothingIsAWrongSize) {
  CallCounter counter;
  EXPECT_EQ(dispatch(Bytes{std::byte{'?'}, std::byte{0}}, counter), Decode::unknown_type);
  EXPECT_EQ(dispatch(Bytes{}, counter), Decode::wrong_size);
  EXPECT_EQ(counter.calls, 0);
}

TEST(ItchMessages, TextLosesItsPaddingOnly) {
  Stock stock;
  std::memcpy(stock.text, "A B     ", sizeof stock.text);
  EXPECT_EQ(stock.view(), "A B");
  std::memcpy(stock.text, "        ", sizeof stock.text);
  EXPECT_EQ(stock.view(), "");
}

}  // namespace
}  // namespace bourse::itch

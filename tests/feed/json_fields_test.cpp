#include "feed/control/json_fields.h"  // JsonFields

#include <gtest/gtest.h>

#include <string>

#include "feed/control/json_writer.h"  // JsonWriter

namespace bourse {
namespace {

TEST(JsonFields, NumbersKeepTheTextThatWasSent) {
  JsonFields fields;
  ASSERT_TRUE(fields.parse(R"({"px": 50000.10 ,"qty":1e-4,"n":-3})"));
  EXPECT_EQ(fields.find("px")->value, "50000.10");
  EXPECT_EQ(fields.find("qty")->value, "1e-4");
  EXPECT_EQ(fields.find("n")->value, "-3");
  EXPECT_EQ(fields.find("px")->kind, JsonKind::number);
}

TEST(JsonFields, EveryKindIsTold) {
  JsonFields fields;
  ASSERT_TRUE(fields.parse(
      R"( {"t":"a\"b\u00e9","b":true,"f":false,"z":null,"o":{"x":[1,{"y":2}]},"a":[1, 2]} )"));
  EXPECT_EQ(fields.find("t")->value, "a\"b\u00e9");
  EXPECT_EQ(fields.find("b")->value, "true");
  EXPECT_EQ(fields.find("f")->value, "false");
  EXPECT_EQ(fields.find("z"), nullptr);
  EXPECT_EQ(fields.find("o")->kind, JsonKind::nested);
  EXPECT_EQ(fields.find("a")->value, "[1, 2]");
  EXPECT_EQ(fields.find("missing"), nullptr);
}

TEST(JsonFields, IntegersComeAsNumberOrText) {
  JsonFields fields;
  ASSERT_TRUE(fields.parse(
      R"({"a":18446744073709551615,"b":"42","c":1.5,"d":-1,"e":"","f":true,"g":"1x"})"));
  EXPECT_EQ(fields.integer(*fields.find("a")), UINT64_MAX);
  EXPECT_EQ(fields.integer(*fields.find("b")), 42u);
  for (const char* key : {"c", "d", "e", "f", "g"})
    EXPECT_FALSE(fields.integer(*fields.find(key))) << key;
}

TEST(JsonFields, AnythingButOneObjectIsRefused) {
  JsonFields fields;
  for (const char* text : {"",
                           " ",
                           "nonsense",
                           "{",
                           "{}}",
                           "[1]",
                           "1",
                           "\"text\"",
                           "null",
                           R"({"a":})",
                           R"({"a" 1})",
                           R"({"a":1 "b":2})",
                           R"({"a":1}{"b":2})",
                           R"({"a":1} x)",
                           R"({"a":tru})",
                           R"({"a":nul})",
                           R"({"a":nt,"b":1})",
                           R"({"a":1.2.3})",
                           R"({"a":01})",
                           R"({"a":"unterminated})",
                           "{\"a\":\"\xff\"}",
                           R"({'a':1})",
                           R"({"a":"\q"})",
                           "\x52\x44\x52\x4f"}) {
    EXPECT_FALSE(fields.parse(text)) << text;
    EXPECT_FALSE(fields.error().empty()) << text;
    EXPECT_EQ(fields.find("a"), nullptr) << text;
  }
  EXPECT_TRUE(fields.parse("{}"));
  EXPECT_TRUE(fields.error().empty());
}

TEST(JsonFields, TooManyFieldsAreRefused) {
  std::string text = "{";
  for (int i = 0; i < 65; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":1";
  JsonFields fields;
  EXPECT_FALSE(fields.parse(text + "}"));
  EXPECT_NE(fields.error().find("64"), std::string_view::npos);
}

TEST(JsonFields, DeepNestingIsNoWayIn) {
  JsonFields fields;
  static_cast<void>(fields.parse("{\"a\":" + std::string(50'000, '[')));
  EXPECT_TRUE(fields.parse(R"({"a":1})"));
}

TEST(JsonFields, WhatTheWriterWroteReadsBack) {
  const std::string text = "a\"b\\c\n\x01\u00e9";
  JsonWriter writer;
  writer.open('{').key("t").text(text).close('}');
  JsonFields fields;
  ASSERT_TRUE(fields.parse(writer.view()));
  EXPECT_EQ(fields.find("t")->value, text);
}

}  // namespace
}  // namespace bourse

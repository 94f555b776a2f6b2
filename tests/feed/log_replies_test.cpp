#include "feed/control/log_replies.h"  // joined_reply, of_log, with_fields

#include <gtest/gtest.h>

namespace bourse {
namespace {

TEST(LogReplies, ListsAreJoinedAndWhatAllSayAlikeStandsOnce) {
  EXPECT_EQ(joined_reply({{0, R"({"op":"subscribed","id":7,"streams":[{"stream":1}]})"},
                          {1, R"({"op":"subscribed","id":7,"streams":[{"stream":2}]})"}}),
            R"({"op":"subscribed","id":7,"streams":[{"stream":1},{"stream":2}]})");
}

TEST(LogReplies, WhatDiffersIsThatOfTheFirstAndOfEachInLogs) {
  EXPECT_EQ(joined_reply({{0, R"({"op":"auth_ok","next_client_seq":"5"})"},
                          {1, R"({"op":"auth_ok","next_client_seq":"9"})"}}),
            R"({"op":"auth_ok","next_client_seq":"5","logs":[{"log":0,"next_client_seq":"5"},)"
            R"({"log":1,"next_client_seq":"9"}]})");
}

TEST(LogReplies, WhatOneOfThemLeavesOutIsStillTold) {
  EXPECT_EQ(joined_reply({{0, R"({"op":"x","streams":[]})"},
                          {2, R"({"op":"x","streams":[],"rejected":[{"code":2003}],"next":"4"})"}}),
            R"({"op":"x","streams":[],"rejected":[{"code":2003}],"next":"4",)"
            R"("logs":[{"log":0},{"log":2,"next":"4"}]})");
}

TEST(LogReplies, TextsWithQuotesStayTexts) {
  EXPECT_EQ(joined_reply({{0, R"({"op":"x","id":"a\"b"})"}, {1, R"({"op":"x","id":"a\"b"})"}}),
            R"({"op":"x","id":"a\"b"})");
}

TEST(LogReplies, AReplyIsMarkedWithItsLog) {
  EXPECT_EQ(of_log(R"({"op":"pong"})", 3), R"({"op":"pong","log":3})");
  EXPECT_EQ(with_fields(R"({"op":"auth","a":{"b":1}} )", R"("c":2)"),
            R"({"op":"auth","a":{"b":1},"c":2})");
}

}  // namespace
}  // namespace bourse

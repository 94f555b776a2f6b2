#include "feed/control/log_replies.h"

#include <algorithm>
#include <memory>

#include "feed/control/json_fields.h"  // JsonFields
#include "feed/control/json_writer.h"  // JsonWriter
#include "matching/check.h"            // CHECK

namespace bourse {
namespace {

std::string json_of(const JsonField& field) {
  if (field.kind != JsonKind::text) return std::string(field.value);
  JsonWriter json;
  json.text(field.value);
  return std::string(json.view());
}

bool is_list(const JsonField& field) {
  return field.kind == JsonKind::nested && field.value.starts_with('[');
}

// One field of the reply: its name and what each log says; "" if a log says nothing of it.
struct Said {
  std::string key;
  std::vector<std::string> by_reply;
  bool is_list = false;

  bool is_alike() const {
    return std::ranges::all_of(by_reply, [this](const auto& v) { return v == by_reply.front(); });
  }
};

std::vector<Said> all_said(const std::vector<LogReply>& replies) {
  std::vector<Said> said;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    JsonFields fields;
    CHECK(fields.parse(replies[i].text));
    fields.for_each([&](const JsonField& field) {
      auto at = std::ranges::find(said, field.key, &Said::key);
      if (at == said.end()) {
        said.push_back(
            {std::string(field.key), std::vector<std::string>(replies.size()), is_list(field)});
        at = said.end() - 1;
      }
      at->by_reply[i] = json_of(field);
    });
  }
  return said;
}

}  // namespace

std::string joined_reply(const std::vector<LogReply>& replies) {
  const std::vector<Said> said = all_said(replies);
  JsonWriter json;
  json.open('{');
  for (const Said& field : said) {
    json.key(field.key);
    if (!field.is_list) {
      const auto first = std::ranges::find_if(field.by_reply, [](auto& v) { return !v.empty(); });
      json.raw(*first);
      continue;
    }
    json.open('[');
    for (const std::string& list : field.by_reply)
      if (list.size() > 2) json.raw(std::string_view(list).substr(1, list.size() - 2));
    json.close(']');
  }
  const auto differs = [](const Said& field) { return !field.is_list && !field.is_alike(); };
  if (std::ranges::any_of(said, differs)) {
    json.key("logs").open('[');
    for (std::size_t i = 0; i < replies.size(); ++i) {
      json.open('{').key("log").number(replies[i].log);
      for (const Said& field : said)
        if (differs(field) && !field.by_reply[i].empty())
          json.key(field.key).raw(field.by_reply[i]);
      json.close('}');
    }
    json.close(']');
  }
  return std::string(json.close('}').view());
}

std::string of_log(std::string_view reply, std::uint32_t log) {
  return with_fields(reply, "\"log\":" + std::to_string(log));
}

std::string with_fields(std::string_view object, std::string_view fields) {
  const std::size_t end = object.rfind('}');
  std::string text(object.substr(0, end));
  return text.append(",").append(fields).append("}");
}

}  // namespace bourse

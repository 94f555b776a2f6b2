// The C interface through which the public matching engine challenge loads an engine
// (flash1-dev/matching-engine-benchmark, 2026). These are its facts, not our choices.
//   Shape:  little-endian, natural alignment; sizes are asserted.
//   Units:  ticks and units of quantity.
//   Owner:  one thread calls the engine; another may drain the transport.
//   Errors: cancel and modify rejects are reports; push returns 0 when the transport is full.
#pragma once

#include <cstdint>

extern "C" {

struct new_order_t {
  std::uint64_t order_id;
  std::uint64_t sequence_number;
  std::int64_t price_ticks;
  std::uint32_t quantity;
  std::uint8_t side;  // 0 buy, 1 sell
  std::uint8_t ioc;
  std::uint8_t reserved[2];
};

struct cancel_t {
  std::uint64_t order_id;
  std::uint64_t sequence_number;
};

struct modify_t {  // cancel and reinsert: loses priority, may trade
  std::uint64_t order_id;
  std::uint64_t sequence_number;
  std::int64_t new_price_ticks;
  std::uint32_t new_quantity;
  std::uint8_t side;
  std::uint8_t reserved[3];
};

struct me_msg_t {
  std::uint8_t type;  // 0 new order, 1 cancel, 2 modify
  std::uint8_t reserved[7];
  union {
    new_order_t new_order;
    cancel_t cancel;
    modify_t modify;
  };
};

struct me_report_t {
  std::uint8_t type;  // 0 order ack, 1 trade, 2 cancel ack or IOC residual, 3 modify ack, 4 cancel
                      // reject, 5 modify reject
  std::uint8_t side;
  std::uint8_t reserved[6];
  std::uint64_t sequence_number;
  std::uint64_t order_id;
  std::int64_t price_ticks;
  std::uint32_t quantity;
  std::uint32_t reserved2;
  std::uint64_t maker_order_id;
  std::uint64_t taker_order_id;
  std::uint64_t reserved3;
};

struct transport_t {
  void* (*create)(std::uint32_t capacity);
  int (*push)(void* sink, const me_report_t* report);  // 0 = full
  std::uint32_t (*drain)(void* sink, me_report_t* out, std::uint32_t max);
  void (*flush)(void* sink);
  void (*destroy)(void* sink);
};

static_assert(sizeof(new_order_t) == 32 && sizeof(cancel_t) == 16 && sizeof(modify_t) == 32);
static_assert(sizeof(me_msg_t) == 40 && sizeof(me_report_t) == 64);

#define CHALLENGE_EXPORT __attribute__((visibility("default")))

CHALLENGE_EXPORT void engine_init(std::uint64_t seed, const transport_t* transport, void* sink);
CHALLENGE_EXPORT void engine_shutdown();
CHALLENGE_EXPORT void engine_on_new_order(const new_order_t* message);
CHALLENGE_EXPORT void engine_on_cancel(const cancel_t* message);
CHALLENGE_EXPORT void engine_on_modify(const modify_t* message);
CHALLENGE_EXPORT void engine_on_batch(const me_msg_t* messages, std::uint32_t count);
CHALLENGE_EXPORT void engine_flush();
CHALLENGE_EXPORT std::int64_t engine_query_best_bid();  // INT64_MIN if there is none
CHALLENGE_EXPORT std::int64_t engine_query_best_ask();  // INT64_MAX if there is none
CHALLENGE_EXPORT std::uint64_t engine_query_depth_at(std::int64_t price, std::uint8_t side);
CHALLENGE_EXPORT const transport_t* engine_get_transport();
}

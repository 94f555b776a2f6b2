-- Wireshark and tshark: every field of the frames and order requests of a Bourse exchange (docs/PROTOCOL.md, sections 3 and 6).
--   wireshark -X lua_script:clients/wireshark/bourse.lua -o tls.keylog_file:keys.log capture.pcap
-- Or copy this file into the folder that Help > About > Folders > Personal Lua Plugins names. The feed is TLS: the secrets come from the
-- client (SSLKEYLOGFILE of browsers, curl, Node; `keylog_filename` of Python's ssl) or from a development server (feed.key_log).
-- Prices are shown as they are (1e-9) and as decimals. What reaches beyond its message is marked as malformed.

local bourse = Proto("bourse", "Bourse exchange")

-- Kinds: their size, the field's type, how it is shown.
local kinds = {
  u64 = { 8, ProtoField.uint64 }, i64 = { 8, ProtoField.int64 }, price = { 8, ProtoField.int64 }, time = { 8, ProtoField.uint64 },
  u32 = { 4, ProtoField.uint32 }, i32 = { 4, ProtoField.int32 }, u16 = { 2, ProtoField.uint16 }, u8 = { 1, ProtoField.uint8 }, i8 = { 1, ProtoField.int8 },
  letter = { 1, ProtoField.string }, hash = { 8, ProtoField.uint64, base.HEX }, crc = { 4, ProtoField.uint32, base.HEX },
}

local channels = { [0] = "none", "mbo", "level", "bbo", "trade", "depth10", "bar", "stat", "status", "definition", "imbalance", "check", "system", "exec" }
local system_codes = { [0] = "Heartbeat", "SubAck", "SlowReader", "ReplayCompleted", "EndOfInterval", "Gap", "CaughtUp", "SnapshotBegin", "SnapshotEnd",
  "EpochChange", "ServerShutdown", "EndOfReplay", "ClockTick", "Error",
  "Stale", "Current" }
local exec_types = { [0] = "accepted", "fill", "partial_fill", "canceled", "replaced", "rejected", "expired", "restated", "triggered", "cancel_rejected" }
local statuses = { [0] = "none", "open", "partially_filled", "filled", "canceled", "rejected", "expired", "waiting" }
local order_types = { [0] = "none", "limit", "market", "stop", "stop_limit", "trailing_stop", "pegged" }
local tifs = { [0] = "none", "gtc", "ioc", "fok", "day", "gtd" }
local order_ops = { [0] = "none", "new", "amend", "cancel", "mass_cancel", "cancel_after", "status" }
local stps = { [0] = "none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement" }
local frame_flags = { "SNAPSHOT", "SNAP_BEGIN", "SNAP_END", "REPLAY", "CONFLATED", "FLUSH_LAST", "HEARTBEAT", "PARTIAL" }
local event_flags = { "LAST", "SNAPSHOT", "PRIORITY_KEPT", "PRIORITY_LOST", "IMPLIED", "AUCTION", "CANCEL_ON_DISCONNECT", "SELF_TRADE_PREVENTION", "EXPIRED",
  "BAD_CLOCK", "AUCTION_OTHER_SIDE" }

-- Structs, as in schemas/*.fbs: name, then fields in order as "name kind".
local structs = {
  header = "prev_seq u64, first_seq u64, last_seq u64, ts_pub time, stream_id u32, epoch u16, channel u8, flags u8",
  mbo = "seq u64, ts_event time, order_id u64, price price, size u64, aux u64, rpt_seq u64, instrument_id u32, action letter, side letter, flags u16",
  level = "seq u64, ts_event time, price price, size u64, rpt_seq u64, instrument_id u32, count u32, action letter, side letter, flags u16, level u16, reserved u16",
  bbo = "seq u64, ts_event time, bid_px price, ask_px price, bid_sz u64, ask_sz u64, rpt_seq u64, instrument_id u32, bid_ct u32, ask_ct u32, flags u16, reserved u16",
  trade = "seq u64, ts_event time, price price, size u64, match_id u64, maker_order_id u64, taker_order_id u64, rpt_seq u64, instrument_id u32, kind letter, side letter, flags u16",
  level_pair = "bid_px price, ask_px price, bid_sz u64, ask_sz u64, bid_ct u32, ask_ct u32",
  bar = "seq u64, ts_open time, ts_close time, open price, high price, low price, close price, volume u64, buy_volume u64, turnover i64, vwap price, interval_ms u32, trades u32, instrument_id u32, flags u16, reserved u16",
  stat = "seq u64, ts_event time, ts_ref time, price price, quantity i64, instrument_id u32, stat_type u16, update_action u8, flags u8, reserved u64",
  status = "seq u64, ts_event time, rpt_seq u64, instrument_id u32, action u16, reason u16, trading_event u16, is_trading letter, is_quoting letter, flags u16, reserved u16",
  imbalance = "seq u64, ts_event time, ts_auction time, ref_price price, clear_price price, upper_collar price, lower_collar price, paired_qty u64, imbalance_qty u64, instrument_id u32, side letter, auction_type letter, auction_status u8, freeze u8",
  check = "seq u64, rpt_seq u64, book_hash hash, instrument_id u32, crc32c_top10 crc, bid_levels u32, ask_levels u32",
  position = "last_seq u64, stream_id u32, reserved u32",
  gap = "from_seq u64, to_seq u64, stream_id u32, reason u8, recoverable u8, reserved u16",
  exec = "exec_seq u64, seq u64, ts_event time, account_id u64, order_id u64, client_seq u64, price price, qty u64, cum_qty u64, leaves_qty u64, last_px price, last_qty u64, match_id u64, fee i64, orig_order_id u64, instrument_id u32, group u32, reject_code u16, exec_type u8, status u8, side letter, ord_type u8, tif u8, liquidity letter, flags u32, reserved u32",
  order = "client_seq u64, order_id u64, price price, qty u64, stop_price price, display_qty u64, valid_until time, expire_at time, client_ts time, instrument_id u32, group u32, op u8, side letter, ord_type u8, tif u8, stp u8, flags u8, reserved u16",
}

-- Tables: fields by number as "number name kind"; a kind may also be `text`.
local tables = {
  depth10 = "0 seq u64, 1 ts_event time, 2 rpt_seq u64, 3 instrument_id u32, 4 flags u16",
  system = "0 code u16, 1 error_code u16, 2 stream_id u32, 3 ts time, 4 journal_seq u64, 5 lag_ns u64, 6 lag_events u64, 9 text text",
  definition = "0 instrument_id u32, 1 seq u64, 2 ts_event time, 3 update_action letter, 4 symbol text, 5 base text, 6 quote text, 7 cls letter, 8 tick_size price, 9 lot_size u64, 10 min_qty u64, 11 max_qty u64, 12 min_notional u64, 13 price_exponent i8, 14 qty_exponent i8, 15 price_collar_bps u32, 16 match_algorithm letter, 17 status u16, 18 activation time, 19 expiration time, 20 maker_fee_ppm i32, 21 taker_fee_ppm i32",
  exec = "1 cl_ord_id text, 2 text text",
  order = "1 cl_ord_id text, 2 min_qty u64, 3 peg u8",
}

local words = { ["header.channel"] = channels, ["system.code"] = system_codes, ["exec.exec_type"] = exec_types, ["exec.status"] = statuses,
  ["exec.ord_type"] = order_types, ["exec.tif"] = tifs, ["order.op"] = order_ops, ["order.ord_type"] = order_types, ["order.tif"] = tifs, ["order.stp"] = stps }
local field_of = {}
local all_fields = {}

local function declare(group, name, kind)
  local key = group .. "." .. name
  if field_of[key] then return end
  local filter = "bourse." .. key
  if kind == "text" then
    field_of[key] = ProtoField.string(filter, name)
  elseif kind == "letter" then
    field_of[key] = ProtoField.string(filter, name)
  else
    local make, shown = kinds[kind][2], kinds[kind][3] or base.DEC
    field_of[key] = make(filter, name, shown, words[key])
  end
  table.insert(all_fields, field_of[key])
end

local struct_fields, struct_bytes, table_fields = {}, {}, {}
for group, text in pairs(structs) do
  struct_fields[group], struct_bytes[group] = {}, 0
  for name, kind in text:gmatch("([%w_]+) ([%w]+)") do
    declare(group, name, kind)
    table.insert(struct_fields[group], { name = name, kind = kind, at = struct_bytes[group] })
    struct_bytes[group] = struct_bytes[group] + kinds[kind][1]
  end
end
for group, text in pairs(tables) do
  table_fields[group] = {}
  for number, name, kind in text:gmatch("(%d+) ([%w_]+) ([%w]+)") do
    declare(group, name, kind)
    table.insert(table_fields[group], { number = tonumber(number), name = name, kind = kind })
  end
end
bourse.fields = all_fields

local malformed = ProtoExpert.new("bourse.malformed", "Malformed frame", expert.group.MALFORMED, expert.severity.ERROR)
bourse.experts = { malformed }

-- "60000.01" of a number in 1e-9 as text: Lua has no integers of 64 bits, so digits it is.
local function decimal(text)
  if text == "9223372036854775807" then return "none" end
  local sign, digits = text:match("^(-?)(%d+)$")
  digits = string.rep("0", 10 - #digits) .. digits
  local whole, part = digits:sub(1, -10), digits:sub(-9):gsub("0+$", "")
  return sign .. whole .. (part ~= "" and "." .. part or "")
end

local function flag_names(value, names)
  local set = {}
  for i, name in ipairs(names) do
    if bit.band(value, bit.lshift(1, i - 1)) ~= 0 then table.insert(set, name) end
  end
  return table.concat(set, "|")
end

-- A reader of one message; every access is checked, so that nothing outside of it is read.
local function inside(tvb, at, size)
  if at < 0 or at + size > tvb:len() then error({ at = at, size = size }) end
  return tvb(at, size)
end
local function u32(tvb, at) return inside(tvb, at, 4):le_uint() end
local function u16(tvb, at) return inside(tvb, at, 2):le_uint() end
local function follow(tvb, at) return at + u32(tvb, at) end

-- Place of a field of a table, or nil.
local function place(tvb, table_at, number)
  local vtable = table_at - inside(tvb, table_at, 4):le_int()
  if 4 + 2 * number + 2 > u16(tvb, vtable) then return nil end
  local offset = u16(tvb, vtable + 4 + 2 * number)
  if offset == 0 then return nil end
  return table_at + offset
end

local function add_value(tree, group, field, tvb, at)
  local range = inside(tvb, at, kinds[field.kind][1])
  local key = group .. "." .. field.name
  if field.kind == "letter" then
    local letter = range:uint()
    tree:add(field_of[key], range, letter == 0 and "" or string.char(letter))
    return letter
  end
  local item = tree:add_le(field_of[key], range)
  if field.kind == "price" then item:append_text(" (" .. decimal(tostring(range:le_int64())) .. ")") end
  if field.kind == "time" then
    local ns = range:le_uint64()
    local seconds = (ns / UInt64(1000000000)):tonumber()
    if seconds > 0 and seconds < 2 ^ 33 then
      local part = (ns % UInt64(1000000000)):tonumber()
      item:append_text(string.format(" (%s.%09dZ)", os.date("!%Y-%m-%dT%H:%M:%S", seconds), part))
    end
  end
  if field.name == "flags" and kinds[field.kind][1] <= 2 and group ~= "order" and group ~= "bar" and group ~= "stat" then
    local set = flag_names(range:le_uint(), group == "header" and frame_flags or event_flags)
    if set ~= "" then item:append_text(" (" .. set .. ")") end
  end
end

local function add_struct(tree, group, tvb, at, title)
  local branch = tree:add(bourse, inside(tvb, at, struct_bytes[group]), title or group)
  for _, field in ipairs(struct_fields[group]) do add_value(branch, group, field, tvb, at + field.at) end
  return branch
end

local function add_structs(tree, group, tvb, at)
  local vector = follow(tvb, at)
  local count = u32(tvb, vector)
  inside(tvb, vector, 4 + count * struct_bytes[group])
  for i = 0, count - 1 do
    add_struct(tree, group, tvb, vector + 4 + i * struct_bytes[group], string.format("%s [%d]", group, i))
  end
  return count
end

local function add_table(tree, group, tvb, at, title)
  local branch = tree:add(bourse, inside(tvb, at, 4), title or group)
  for _, field in ipairs(table_fields[group]) do
    local where = place(tvb, at, field.number)
    if where and field.kind == "text" then
      local text = follow(tvb, where)
      branch:add(field_of[group .. "." .. field.name], inside(tvb, text + 4, u32(tvb, text)))
    elseif where then
      add_value(branch, group, field, tvb, where)
    elseif group == "system" and field.number == 0 then  -- the default is not written
      branch:add(field_of["system.code"], 0):set_generated()
    end
  end
  return branch
end

local function each_table(tvb, at, visit)
  local vector = follow(tvb, at)
  local count = u32(tvb, vector)
  inside(tvb, vector, 4 + 4 * count)
  for i = 0, count - 1 do visit(follow(tvb, vector + 4 + 4 * i), i) end
  return count
end

local in_structs = { mbo = true, level = true, bbo = true, trade = true, bar = true, stat = true, status = true, imbalance = true, check = true }

local function dissect_frame(tvb, pinfo, tree)
  local root = u32(tvb, 0)
  local header = place(tvb, root, 0)
  if not header then error({ at = root, size = 4 }) end
  add_struct(tree, "header", tvb, header)
  local channel, flags = inside(tvb, header + 38, 1):uint(), inside(tvb, header + 39, 1):uint()
  local name = channels[channel] or tostring(channel)
  local payload = channel > 0 and place(tvb, root, channel)
  local count, said = 0, ""
  if payload and in_structs[name] then
    count = add_structs(tree, name, tvb, payload)
  elseif payload and name == "depth10" then
    count = each_table(tvb, payload, function(at, i)
      local branch = add_table(tree, "depth10", tvb, at, string.format("depth10 [%d]", i))
      local levels = place(tvb, at, 5)
      if levels then add_structs(branch, "level_pair", tvb, levels) end
    end)
  elseif payload and name == "definition" then
    count = each_table(tvb, payload, function(at, i)
      add_table(tree, "definition", tvb, at, string.format("definition [%d]", i))
      local symbol = follow(tvb, place(tvb, at, 4) or error({ at = at, size = 4 }))
      said = " " .. inside(tvb, symbol + 4, u32(tvb, symbol)):string()
    end)
  elseif payload and name == "exec" then
    count = each_table(tvb, payload, function(at, i)
      local branch = add_table(tree, "exec", tvb, at, string.format("report [%d]", i))
      add_struct(branch, "exec", tvb, place(tvb, at, 0) or error({ at = at, size = 4 }))
    end)
  elseif payload and name == "system" then
    local at = follow(tvb, payload)
    local branch = add_table(tree, "system", tvb, at)
    local code, gap, positions = place(tvb, at, 0), place(tvb, at, 7), place(tvb, at, 8)
    if gap then add_struct(branch, "gap", tvb, gap) end
    if positions then count = add_structs(branch, "position", tvb, positions) end
    said = " " .. (system_codes[code and u16(tvb, code) or 0] or "?")
  end
  local set = flag_names(flags, frame_flags)
  return string.format("%s%s %s -> %s x%d %s", name, said, tostring(inside(tvb, header, 8):le_uint64()),
    tostring(inside(tvb, header + 16, 8):le_uint64()), count, set)
end

local function dissect_order(tvb, pinfo, tree)
  local root = u32(tvb, 0)
  local fixed = place(tvb, root, 0)
  if not fixed then error({ at = root, size = 4 }) end
  add_struct(tree, "order", tvb, fixed)
  add_table(tree, "order", tvb, root, "order request")
  return "order " .. (order_ops[inside(tvb, fixed + 80, 1):uint()] or "?")
end

local json = Dissector.get("json")

function bourse.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = "BOURSE"
  if tvb:len() > 0 and tvb(0, 1):uint() == 0x7b then  -- control: JSON
    local op = tvb:raw():match('"op"%s*:%s*"([%w_]+)"')
    pinfo.cols.info:append(" " .. (op or "json"))
    if json then json:call(tvb, pinfo, tree) end
    return tvb:len()
  end
  if tvb:len() < 8 then return 0 end
  local identifier = tvb(4, 4):string()
  local dissect = identifier == "TICK" and dissect_frame or identifier == "ORDR" and dissect_order
  if not dissect then return 0 end
  local branch = tree:add(bourse, tvb(), identifier == "TICK" and "Bourse frame" or "Bourse order request")
  local sound, told = pcall(dissect, tvb, pinfo, branch)
  if sound then
    pinfo.cols.info:append(" " .. told)
    branch:append_text(": " .. told)
  else
    local where = type(told) == "table" and string.format("reaches beyond its %d bytes: %d at %d", tvb:len(), told.size, told.at) or tostring(told)
    branch:add_proto_expert_info(malformed, where)
    pinfo.cols.info:append(" malformed")
  end
  return tvb:len()
end

local function heuristic(tvb, pinfo, tree)
  if tvb:len() < 8 then return false end
  local identifier = tvb(4, 4):string()
  if identifier ~= "TICK" and identifier ~= "ORDR" then return false end
  bourse.dissector(tvb, pinfo, tree)
  return true
end

-- Websockets that agreed on a subprotocol of ours, and binary messages of any other that are told by their identifier. 9443 is the port of the
-- exchange by default; for another: -d tls.port==PORT,http.
bourse:register_heuristic("ws", heuristic)
local by_protocol = DissectorTable.get("ws.protocol")
if by_protocol then
  by_protocol:add("bourse.fb.v1", bourse)
  by_protocol:add("bourse.json.v1", bourse)
end
local tls_port = DissectorTable.get("tls.port")
if tls_port then tls_port:add(9443, Dissector.get("http")) end

#!/usr/bin/python3
"""Follow symbols over wss: verify the sequence chain, read ticks by numpy without a copy, and go on
where the last run ended (--resume FILE), without a gap or a duplicate. See docs/PROTOCOL.md."""
import argparse, asyncio, json, os, ssl, struct
import numpy as np, websockets

HEADER = struct.Struct("<QQQQIHBB")  # prev_seq first_seq last_seq ts_pub stream_id epoch channel flags
SNAPSHOT, PARTIAL = 1, 128           # header flags
HEAD, TAIL = [("seq", "<u8"), ("ts_event", "<u8")], [("flags", "<u2")]
MBO = np.dtype(HEAD + [("order_id", "<u8"), ("price", "<i8"), ("size", "<u8"), ("aux", "<u8"), ("rpt_seq", "<u8"),
                       ("instrument_id", "<u4"), ("action", "S1"), ("side", "S1")] + TAIL)
BBO = np.dtype(HEAD + [("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u8"), ("ask_sz", "<u8"), ("rpt_seq", "<u8"),
                       ("instrument_id", "<u4"), ("bid_ct", "<u4"), ("ask_ct", "<u4")] + TAIL + [("reserved", "<u2")])
TRADE = np.dtype(HEAD + [("price", "<i8"), ("size", "<u8"), ("match_id", "<u8"), ("maker_order_id", "<u8"), ("taker_order_id", "<u8"),
                         ("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("kind", "S1"), ("side", "S1")] + TAIL)
STATUS = np.dtype(HEAD + [("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("action", "<u2"), ("reason", "<u2"), ("trading_event", "<u2"),
                          ("is_trading", "S1"), ("is_quoting", "S1")] + TAIL + [("reserved", "<u2")])
IMBALANCE = np.dtype(HEAD + [("ts_auction", "<u8"), ("ref_price", "<i8"), ("price", "<i8"), ("upper_collar", "<i8"), ("lower_collar", "<i8"),
                             ("size", "<u8"), ("imbalance_qty", "<u8"), ("instrument_id", "<u4"), ("side", "S1"), ("auction_type", "S1"),
                             ("auction_status", "u1"), ("freeze", "u1")])  # price, size: clear_price, paired_qty
CHANNELS = {1: ("mbo", 1, MBO), 3: ("bbo", 3, BBO), 4: ("trade", 4, TRADE), 8: ("status", 8, STATUS),
            10: ("imbalance", 10, IMBALANCE)}  # channel: name, field of Frame, row
NO_PRICE = 2**63 - 1

def read_frame(data):
    """(header, rows): rows is a view of `data`, or None for other channels."""
    assert data[4:8] == b"TICK", "not a frame"
    table, = struct.unpack_from("<I", data, 0)
    vtable = table - struct.unpack_from("<i", data, table)[0]
    place = lambda field: table + struct.unpack_from("<H", data, vtable + 4 + 2 * field)[0]
    header = HEADER.unpack_from(data, place(0))
    if header[6] not in CHANNELS:
        return header, None
    _, field, row = CHANNELS[header[6]]
    vector = place(field) + struct.unpack_from("<I", data, place(field))[0]
    return header, np.frombuffer(data, row, struct.unpack_from("<I", data, vector)[0], vector + 4)

async def follow(url, symbols, channels, resume=None, start=None, snapshot=False, insecure=True):
    """Yields (channel, symbol, header, rows). `resume`: {"channel symbol": last sequence}, kept up to date."""
    resume = {} if resume is None else resume
    tls = ssl.create_default_context()
    if insecure: tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with websockets.connect(url + "/v1/md", ssl=tls, max_size=2**20, subprotocols=["bourse.fb.v1"]) as ws:
        for n, (channel, symbol) in enumerate((c, s) for c in channels for s in symbols):
            last = resume.get(f"{channel} {symbol}", None if start is None else start - 1)
            sub = {"channel": channel, "symbols": [symbol], "snapshot": snapshot and last is None}
            await ws.send(json.dumps({"op": "subscribe", "id": n, "subs": [sub if last is None else sub | {"start": {"seq": str(last + 1)}}]}))
        streams, at = {}, {}
        async for message in ws:
            if isinstance(message, str):
                reply = json.loads(message)
                if reply["op"] == "error" or reply.get("rejected"): raise RuntimeError(message)
                for s in reply.get("streams", []):
                    streams[s["stream"]], at[s["stream"]] = (s["channel"], s["symbol"]), int(s["from_seq"]) - 1
                continue
            header, rows = read_frame(message)
            prev, first, last, _, stream, _, _, flags = header
            if rows is None or stream not in streams: continue
            if not flags & SNAPSHOT and prev != at[stream]: raise RuntimeError(f"gap: {streams[stream]} had {at[stream]}, frame follows {prev}")
            at[stream] = last
            yield *streams[stream], header, rows
            if not flags & PARTIAL: resume["{} {}".format(*streams[stream])] = last  # only after the caller has had it

async def main():
    arg = argparse.ArgumentParser(description=__doc__)
    arg.add_argument("symbol", nargs="+"); arg.add_argument("--url", default=os.environ.get("BOURSE_URL", "wss://127.0.0.1:9443"))
    arg.add_argument("--channel", action="append"); arg.add_argument("--from", dest="start", type=int)
    arg.add_argument("--count", type=int, default=0, help="end after so many ticks"); arg.add_argument("--resume", metavar="FILE")
    arg = arg.parse_args()
    resume = json.load(open(arg.resume)) if arg.resume and os.path.exists(arg.resume) else {}
    seen = 0
    async for channel, symbol, header, rows in follow(arg.url, arg.symbol, arg.channel or ["trade"], resume, arg.start):
        for row in rows:
            what = [row[f] if f == "size" else "-" if row[f] == NO_PRICE else f"{row[f] / 1e9:.9g}"
                    for f in ("price", "size", "bid_px", "ask_px") if f in row.dtype.names]
            what += [f"action={row['action']}"] if channel == "status" else ["void"] if channel == "trade" and row["kind"] == b"V" else []
            print(channel, symbol, row["seq"], *what, flush=True)
        seen += len(rows)
        if arg.resume and not header[7] & PARTIAL: json.dump(resume | {f"{channel} {symbol}": header[2]}, open(arg.resume, "w"))
        if arg.count and seen >= arg.count: break

if __name__ == "__main__":
    asyncio.run(main())

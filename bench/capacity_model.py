#!/usr/bin/python3
"""How many gateways an audience needs, and what that costs: from what one gateway was measured to do.

  bench/capacity_model.py                         the table of docs/SCALE.md
  bench/capacity_model.py --subscribers 5e6 --symbols 2000 --rate 30000 --burst 40
  bench/capacity_model.py --check                 the formulas against a simulation, burst by burst

A gateway's core spends encode_ns on each event once, and for each subscriber write_ns on each TLS record that takes
what is due to it and event_ns on each event in it. What arrives while it serves the others goes into the same record:
the busier, the cheaper, until a record is full. Prices and machines are arguments, never facts: look at the figures
of your own."""
import argparse
import math
import random
import sys
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Gateway:
    """Measured: docs/SCALE.md says with what."""
    cores: int = 16                  # of one machine, that serve connections
    write_ns: float = 11450          # a TLS record and the system call that sends it
    event_ns: float = 355            # an event more in that record
    encode_ns: float = 1000          # an event, once for all subscribers of a core
    event_bytes: float = 100         # on the wire, with its share of headers
    record_events: int = 160         # events of a full record
    memory_bytes: float = 40e3       # of one subscriber, kernel's included
    memory: float = 64e9
    network_bits: float = 10e9
    hour: float = 0.68               # price of the machine
    gigabyte: float = 0.02           # price of a GB sent


@dataclass(frozen=True)
class Audience:
    subscribers: float = 1e6
    symbols: int = 1000              # of the exchange
    wanted: float = 5                # symbols of one subscriber
    rate: float = 20_000             # events/s of all symbols, on average over the trading day
    zipf: float = 1.0                # how unequal symbols are; 0: all alike
    conflate_s: float = 0.1          # at most one event of a symbol in so long; 0: every event
    burst: float = 20                # rate in a burst to the average
    burst_s: float = 0.5             # how long a burst is
    late_s: float = 0.25             # what everybody shall get within, amid a burst
    headroom: float = 0.6            # of a core that may be used, so that a gateway's fall is survived


def rate_of_one(a, factor=1.0):
    """Events/s of one subscriber while the exchange has `factor` times its average. Symbols are wanted as often as they
    trade; a conflated one gives an event in each interval in which it has changed."""
    def told(rate):
        return rate if a.conflate_s == 0 else 1 / (a.conflate_s + 1 / rate)
    parts = [1 / (rank + 1) ** a.zipf for rank in range(a.symbols)]
    total = sum(parts)
    return a.wanted * sum(part / total * told(part / total * a.rate * factor) for part in parts)


def turn_seconds(g, subscribers, rate_each, rate_all):
    """One round over a core's subscribers, when in each round every subscriber with news gets one record of all that
    came since. With n subscribers, news for a share p of them and k events in a record: T = n p (write + k event) +
    T rate_all encode, and k p = rate_each T. Infinite where that cannot be: the core is asked for more than it has."""
    fixed = rate_each * subscribers * g.event_ns * 1e-9 + rate_all * g.encode_ns * 1e-9
    if fixed >= 1:
        return math.inf
    low, high = 0.0, 3600.0
    for _ in range(100):
        turn = (low + high) / 2
        served = subscribers * (1 - math.exp(-rate_each * turn))
        if served * g.write_ns * 1e-9 + fixed * turn > turn:
            low = turn
        else:
            high = turn
    return high


def lateness(g, a, subscribers):
    """What the last subscriber of a core waits in a burst: a round, and what piles up if records are full."""
    each, every = rate_of_one(a, a.burst), a.rate * a.burst
    turn = turn_seconds(g, subscribers, each, every)
    if each * turn <= g.record_events:
        return turn
    if a.conflate_s > 0:
        return math.inf                                          # the newest states never all go out
    cost = (g.write_ns / g.record_events + g.event_ns) * 1e-9    # full records: the least that an event can cost
    load = subscribers * each * cost + every * g.encode_ns * 1e-9
    return a.burst_s * max(load - 1, 0) + g.record_events / each


def subscribers_of_core(g, a):
    """The most that a core holds: on average within its headroom, in a burst within the lateness asked for."""
    each = rate_of_one(a)
    def fits(n):
        least = (g.write_ns / g.record_events + g.event_ns) * 1e-9
        average = n * each * least + a.rate * g.encode_ns * 1e-9
        return average <= a.headroom and lateness(g, a, n) <= a.late_s
    low, high = 0, 1 << 20
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def plan(g, a):
    """Gateways by each thing that can run out, the one that does first, and the price of it all."""
    per_core = subscribers_of_core(g, a)
    bits = rate_of_one(a, a.burst) * g.event_bytes * 8
    holds = {"cores": per_core * g.cores,
             "network": g.network_bits * a.headroom / bits,
             "memory": g.memory * a.headroom / g.memory_bytes}
    first = min(holds, key=holds.get)
    machines = math.ceil(a.subscribers / holds[first]) + 1 if holds[first] >= 1 else math.inf  # one may be gone
    sent_gb_hour = a.subscribers * rate_of_one(a) * g.event_bytes * 3600 / 1e9
    return {"events/s": rate_of_one(a), "per core": per_core, "holds": holds[first], "first": first,
            "machines": machines, "machines/h": machines * g.hour, "traffic/h": sent_gb_hour * g.gigabyte}


def poisson(rng, mean):
    if mean > 20:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    threshold, count, product = math.exp(-mean), 0, rng.random()
    while product > threshold:
        count, product = count + 1, product * rng.random()
    return count


def simulate(g, a, subscribers, seed=7):
    """One core: events come at random times, a burst of them in the middle; the core goes round its subscribers and
    gives each what is due to it, a record at a time. Returns the latest delivery of the burst, in seconds."""
    rng = random.Random(seed)
    calm, wild = rate_of_one(a), rate_of_one(a, a.burst)
    start, end = 0.05, 0.05 + a.burst_s
    now = worst = encoded = 0.0
    told = [0.0] * subscribers       # up to when each has been told
    def inside(begin, stop):
        return max(0.0, min(stop, end) - max(begin, start))
    while now < end + 0.05 or min(told) < end:
        began = now
        burst = inside(encoded, began)
        now += a.rate * (began - encoded + burst * (a.burst - 1)) * g.encode_ns * 1e-9
        encoded = began
        for i in range(subscribers):
            burst = inside(told[i], now)
            due = poisson(rng, calm * (now - told[i] - burst) + wild * burst)
            if due == 0:
                told[i] = now
                continue
            sent = min(due, g.record_events)
            oldest = told[i]
            told[i] += (now - oldest) * sent / due
            now += (g.write_ns + sent * g.event_ns) * 1e-9
            if start < told[i] and oldest < end:
                worst = max(worst, now - max(oldest, start))
        now = max(now, began + 100e-6)   # nothing to do: the core sleeps until something comes
    return worst


def check(seed):
    """The simulation must not be later than the formula says by more than its blur, nor much earlier near the edge."""
    print(f"seed {seed}")
    bad = 0
    desk = Audience(conflate_s=0, rate=2000, wanted=20, burst_s=0.2)
    crowd = Audience(burst_s=0.2)
    for audience in (crowd, replace(crowd, wanted=50, zipf=0), desk, replace(desk, zipf=0, burst=50)):
        g = Gateway()
        most = subscribers_of_core(g, audience)
        for part in (0.25, 0.5, 1.0):
            n = max(1, int(most * part))
            said, seen = lateness(g, audience, n), simulate(g, audience, n, seed)
            # A subscriber whose turn has just passed waits for the rest of this round and all of the next one.
            fits = seen <= 2.5 * said + 2e-3 and seen >= said / 6
            bad += not fits
            print(f"{n:7} subscribers a core, {rate_of_one(audience, audience.burst):7.0f} events/s each in a burst: "
                  f"said {said * 1e3:7.2f} ms, simulated {seen * 1e3:7.2f} ms {'' if fits else '  DIFFERS'}")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gateway, audience = Gateway(), Audience()
    for what in (gateway, audience):
        for name, value in vars(what).items():
            parser.add_argument("--" + name.replace("_", "-"), type=type(value) if type(value) is float else float,
                                default=value)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    options = vars(parser.parse_args())
    if options["check"]:
        sys.exit(1 if check(options["seed"]) else 0)
    def of(what):
        return replace(what, **{n: type(v)(options[n]) for n, v in vars(what).items()})
    g, a = of(gateway), of(audience)
    print(f"{'audience':44} {'events/s':>9} {'of a core':>10} {'of a gateway':>13} {'first':>8} {'gateways':>9} {'$/h':>8} {'traffic $/h':>12}")
    rows = [("as asked", a)]
    if a == audience:
        desk = replace(a, conflate_s=0, rate=2000, wanted=20, subscribers=1e4)
        rows = [("1 M people, 5 of 1,000 symbols every 100 ms", a),
                ("the same, bursts x 40", replace(a, burst=40)),
                ("the same, once a second", replace(a, conflate_s=1.0)),
                ("the same, 50 symbols each", replace(a, wanted=50)),
                ("the same, 100,000 events/s", replace(a, rate=100_000)),
                ("10,000 desks, every event of 20, 2,000/s", desk),
                ("the same, bursts x 40", replace(desk, burst=40))]
    for name, one in rows:
        p = plan(g, one)
        print(f"{name:44} {p['events/s']:9.1f} {p['per core']:10.0f} {p['holds']:13.0f} {p['first']:>8} {p['machines']:9} "
              f"{p['machines/h']:8.2f} {p['traffic/h']:12.2f}")


if __name__ == "__main__":
    main()

// The server of a fan-out run on uWebSockets, as Bun ships it: one topic, everything published to it.
//   Shape:  bun uws_twin.mjs CERT KEY SUBSCRIBERS BATCH MESSAGES WARM_UP PER_SECOND PAYLOAD_BYTES; writes
//           "port N" and at the end "figures CPU_NS DELIVERIES LATE_NS OPEN_NS".
//   Units:  nanoseconds; CLOCK_MONOTONIC for the intended times.
//   Owner:  a process of its own.
//   Errors: none of its own: the client of the run verifies every message, and a run that misses one is void.
import { dlopen } from "bun:ffi";
import { readFileSync } from "node:fs";

const [cert, key, ...numbers] = process.argv.slice(2);
const [subscribers, batch, messages, warmUp, perSecond, payloadBytes] = numbers.map(Number);

const payload = new Uint8Array(payloadBytes);
const view = new DataView(payload.buffer);
const sockets = [];
let published = 0;
let startNs = 0;
let cpuAtWarmUpNs = 0;
let deliveriesAtWarmUp = 0;
let lateNsMax = 0;
let closed = 0;
let openNs = 0;

// Bun's own clock begins with the process; the client's is the machine's.
const libc = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
const timespec = new BigInt64Array(2);
libc.symbols.clock_gettime(1, timespec);
const clockBeginNs = Number(timespec[0] * 1_000_000_000n + timespec[1]) - Bun.nanoseconds();
const nowNs = () => clockBeginNs + Bun.nanoseconds();
// The kernel's account of this thread: what the collector and the compiler do on others is not in it.
const cpuNs = () => Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[0]);

function publish(count) {
  for (let i = 0; i < count; ++i) {
    const intended = perSecond > 0 ? startNs + published * (1e9 / perSecond) : nowNs();
    view.setUint32(0, published, true);
    view.setUint32(8, intended % 4294967296, true);
    view.setUint32(12, Math.floor(intended / 4294967296), true);
    server.publish("flood", payload);
    ++published;
  }
}

function due() {
  if (perSecond === 0) return Math.min(batch, messages - published);
  const late = nowNs() - startNs;
  const wanted = Math.min(messages, Math.floor((late * perSecond) / 1e9) + 1);
  if (late < 0 || wanted <= published) return 0;
  lateNsMax = Math.max(lateNsMax, late - published * (1e9 / perSecond));
  return wanted - published;
}

function isTaken() {
  for (const socket of sockets) if (socket.getBufferedAmount() > 0) return false;
  return true;
}

function turn() {
  if (perSecond > 0 || isTaken()) {
    if (cpuAtWarmUpNs === 0 && published >= warmUp) {
      cpuAtWarmUpNs = cpuNs();
      deliveriesAtWarmUp = published * subscribers;
    }
    publish(due());
  }
  if (published < messages || !isTaken()) setImmediate(turn);
  else setImmediate(finish);
}

function finish() {
  const deliveries = messages * subscribers - deliveriesAtWarmUp;
  console.log(`figures ${cpuNs() - cpuAtWarmUpNs} ${deliveries} ${Math.round(lateNsMax)} ${openNs}`);
}

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  tls: { cert: readFileSync(cert), key: readFileSync(key) },
  fetch: (request, here) => (here.upgrade(request) ? undefined : new Response("no", { status: 400 })),
  websocket: {
    backpressureLimit: 64 << 20,
    perMessageDeflate: false,
    idleTimeout: 0,
    open(socket) {
      socket.subscribe("flood");
      sockets.push(socket);
      if (sockets.length < subscribers) return;
      openNs = cpuNs() - openNs;
      startNs = nowNs() + 10_000_000;
      setImmediate(turn);
    },
    close() {
      if (++closed === subscribers) process.exit(0);
    },
    message() {},
  },
});
openNs = cpuNs();
console.log(`port ${server.port}`);

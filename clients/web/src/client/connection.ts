// One websocket to the exchange that comes back by itself and knows how it fares.
//   States: connecting -> live (something was heard within STALE_MS) -> stale (nothing was) -> down (waiting for the
//           next try). A socket that stays stale is given up: an open socket says nothing about the other end.
//   Pings:  one a second, so that silence means trouble, and as measurements of the server's clock.
import type { Hello, Pong, ServerText } from './control';

export type ConnectionState = 'connecting' | 'live' | 'stale' | 'down';
export interface ConnectionEvents {
  hello(hello: Hello): void;
  text(message: ServerText): void;
  frame(buffer: ArrayBuffer): void;
  state(state: ConnectionState, reason: string): void;
}

export const STALE_MS = 2000;
const GIVE_UP_MS = 6000;
const PING_MS = 1000;
const GOOD_MS = 5000; // a connection that lived so long was a good one
const BACK_OFF_MS = [0, 100, 400, 1600, 6400, 25600, 30000];

// Milliseconds since 1970 with a fraction, steady while the page lives.
const ORIGIN_MS = performance.timeOrigin;
export const nowMs = (): number => ORIGIN_MS + performance.now();

export class Connection {
  state: ConnectionState = 'down';
  retryAtMs = 0;
  roundTripMs = NaN; // NaN: the clocks have not been compared yet
  // Add to a time of the server to get a time of this machine.
  clockOffsetMs = 0;
  reconnects = 0;
  private socket: WebSocket | null = null;
  private heardMs = 0;
  private attempt = 0;
  private greetedMs = 0; // 0: not since the last try
  private timer = 0;
  private retry = 0;
  private wanted = false;
  private samples: { rtt: number; offset: number }[] = [];

  constructor(private readonly url: string, private readonly protocol: string, private readonly events: ConnectionEvents) {}

  start(): void {
    this.wanted = true;
    this.timer = setInterval(() => this.look(), 250) as unknown as number;
    this.open();
  }
  stop(): void {
    this.wanted = false;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    this.drop();
  }
  retryNow(): void {
    if (this.state !== 'down' || !this.wanted) return;
    clearTimeout(this.retry);
    this.open();
  }
  send(message: object): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private open(): void {
    this.change('connecting', 'connecting');
    this.heardMs = nowMs();
    const socket = new WebSocket(this.url, this.protocol);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    let pinged = 0;
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      this.heardMs = nowMs();
      if (this.state === 'stale') this.change('live', 'live again');
      if (typeof data !== 'string') return this.events.frame(data as ArrayBuffer);
      const message = JSON.parse(data) as ServerText;
      if (message.op === 'hello') {
        this.greetedMs = nowMs();
        pinged = setInterval(() => this.ping(), PING_MS) as unknown as number;
        this.change('live', 'live');
        this.events.hello(message);
        this.ping();
      } else if (message.op === 'pong') {
        this.measure(message);
      } else {
        this.events.text(message);
      }
    };
    socket.onclose = ({ code }) => {
      clearInterval(pinged);
      if (this.socket === socket) this.lost(closeReason(code));
    };
  }

  private look(): void {
    const silent = nowMs() - this.heardMs;
    if (this.state === 'down' || silent < STALE_MS) return;
    if (silent > GIVE_UP_MS) this.lost('nothing heard for ' + Math.round(silent / 1000) + ' s');
    else if (this.state === 'live') this.change('stale', 'nothing heard for ' + STALE_MS / 1000 + ' s');
  }

  private lost(reason: string): void {
    this.drop();
    if (!this.wanted) return;
    // A server that greets and hangs up at once is no reason to hurry.
    if (this.greetedMs > 0 && nowMs() - this.greetedMs > GOOD_MS) this.attempt = 0;
    this.greetedMs = 0;
    const step = BACK_OFF_MS[Math.min(this.attempt++, BACK_OFF_MS.length - 1)];
    const wait = step * (0.75 + Math.random() / 2);
    this.retryAtMs = nowMs() + wait;
    ++this.reconnects;
    this.change('down', reason);
    this.retry = setTimeout(() => this.open(), wait) as unknown as number;
  }

  private ping(): void {
    this.send({ op: 'ping', t: nowMs() });
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private change(state: ConnectionState, reason: string): void {
    if (state === this.state) return;
    this.state = state;
    this.events.state(state, reason);
  }

  // The offset of the quickest of the last pings: it had the least room to be wrong.
  private measure({ t, ts_recv, ts_send }: Pong): void {
    const sent = Number(t);
    const received = nowMs();
    const arrived = Number(ts_recv) / 1e6;
    const left = Number(ts_send) / 1e6;
    this.samples.push({ rtt: received - sent - (left - arrived), offset: (sent - arrived + (received - left)) / 2 });
    if (this.samples.length > 30) this.samples.shift();
    const best = this.samples.reduce((a, b) => (b.rtt < a.rtt ? b : a));
    this.roundTripMs = best.rtt;
    this.clockOffsetMs = best.offset;
  }
}

function closeReason(code: number): string {
  if (code === 1001 || code === 1012) return 'the exchange is shutting down';
  if (code === 4001) return 'the key was not accepted';
  if (code === 1011) return 'the exchange cannot read its log';
  return code === 1006 ? 'the connection broke' : 'closed with code ' + code;
}

// The JSON side of the protocol: what the server says in text. 64-bit integers come as text.

export interface Hello {
  op: 'hello'; session: string; nonce: string; epoch: number; time_ns: string; server: string;
  journal: { earliest_seq: string; head_seq: string }; heartbeat_ms: number;
}
export interface StreamInfo {
  stream: number; channel: string; symbol: string; instrument_id: number; from_seq: string; live_seq?: string;
  interval_ms?: number; conflate_ms?: number;
}
export interface ServerError {
  op?: 'error'; id?: number; code: number; name: string; msg: string; hint?: string; symbol?: string; channel?: string;
  retryable?: boolean; retry_after_ms?: number; client_seq?: string; cl_ord_id?: string; stream?: number; last_seq?: string;
}
export interface Subscribed {
  op: 'subscribed'; id: number; streams: StreamInfo[]; rejected?: ServerError[];
}
export interface Unsubscribed {
  op: 'unsubscribed'; id: number; streams: { stream: number; last_seq: string }[];
}
export interface Pong {
  op: 'pong'; t: number | string; ts_recv: string; ts_send: string;
}
export interface AuthOk {
  op: 'auth_ok'; key: string; account: number; scopes: string[]; next_client_seq: string; exec_head: string; seq: string;
}
export interface Exec {
  op: 'exec'; exec_seq: string; seq: string; ts_event: string; exec_type: string; status: string;
  order_id: string; client_seq?: string; cl_ord_id?: string; symbol?: string; side?: 'buy' | 'sell';
  px?: string; price?: string; qty?: string; cum_qty?: string; leaves_qty?: string; last_px?: string; last_qty?: string;
  ord_type?: string; tif?: string; liquidity?: string; reject?: string; reject_code?: number; duplicate?: boolean; replay?: boolean;
}
export interface Instrument {
  instrument_id: number; symbol: string; base: string; quote: string; tick_size: string; lot_size: string;
  min_qty: string; max_qty: string; min_px: string; max_px: string; qty_exponent: number;
}
export interface ReplayState {
  op: 'replay_state'; id?: number; state: 'waiting' | 'playing' | 'paused' | 'stepping' | 'seeking' | 'ended';
  seq: string; ts: string; speed: string; from_seq: string; to_seq: string; members: number;
}
export type ServerText = Hello | Subscribed | Unsubscribed | Pong | AuthOk | Exec | ReplayState | (ServerError & { op: 'error' }) | { op: 'shutdown' };

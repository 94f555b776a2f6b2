// Runs inside the browser: asks the server for the book and the trades of a moment, over a socket of its own, read by BigInt
// and DataView. It shares no code with the page, so that both cannot be wrong in the same way.
export const serverBook = ({ symbol, seq }) => new Promise((resolve, reject) => {
  const orders = [];
  const socket = new WebSocket(`wss://${location.host}/v1/md`, 'bourse.fb.v1');
  socket.binaryType = 'arraybuffer';
  setTimeout(() => reject(new Error('no snapshot in time')), 20_000);
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') {
      const message = JSON.parse(data);
      const sub = { channel: 'mbo', symbols: [symbol], start: { seq: String(seq + 1) }, snapshot: true };
      if (message.op === 'hello') socket.send(JSON.stringify({ op: 'subscribe', id: 1, subs: [sub] }));
      if (message.op === 'error' || message.rejected?.length) reject(new Error(data));
      return;
    }
    const view = new DataView(data);
    const root = view.getUint32(0, true);
    const vtable = root - view.getInt32(root, true);
    const header = root + view.getUint16(vtable + 4, true);
    const flags = view.getUint8(header + 39);
    if (view.getUint8(header + 38) !== 1 || (flags & 1) === 0) return;
    const field = root + view.getUint16(vtable + 6, true);
    const vector = field + view.getUint32(field, true);
    for (let i = 0; i < view.getUint32(vector, true); ++i) {
      const at = vector + 4 + i * 64;
      if (String.fromCharCode(view.getUint8(at + 60)) !== 'A') continue;
      orders.push({
        side: String.fromCharCode(view.getUint8(at + 61)), price: String(view.getBigInt64(at + 24, true)), size: String(view.getBigUint64(at + 32, true)),
      });
    }
    if ((flags & 4) === 0) return;
    socket.close();
    resolve(orders);
  };
});

export const serverTrades = ({ symbol, seq, count }) => new Promise((resolve, reject) => {
  const trades = [];
  const socket = new WebSocket(`wss://${location.host}/v1/md`, 'bourse.fb.v1');
  socket.binaryType = 'arraybuffer';
  setTimeout(() => reject(new Error('no trades in time')), 20_000);
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') {
      const sub = { channel: 'trade', symbols: [symbol], start: { seq: String(seq) } };
      if (JSON.parse(data).op === 'hello') socket.send(JSON.stringify({ op: 'subscribe', id: 1, subs: [sub] }));
      return;
    }
    const view = new DataView(data);
    const root = view.getUint32(0, true);
    const vtable = root - view.getInt32(root, true);
    if (view.getUint8(root + view.getUint16(vtable + 4, true) + 38) !== 4) return;
    const field = root + view.getUint16(vtable + 12, true);
    const vector = field + view.getUint32(field, true);
    for (let i = 0; i < view.getUint32(vector, true); ++i) {
      const at = vector + 4 + i * 72;
      trades.push({ size: String(view.getBigUint64(at + 24, true)), matchId: String(view.getBigUint64(at + 32, true)) });
    }
    if (trades.length < count) return;
    socket.close();
    resolve(trades);
  };
});

// The client of a Bourse exchange: docs/PROTOCOL.md in TypeScript. It draws nothing and knows no page.
export { Book, type DepthBook, type Level, LevelBook, type Side } from './book';
export { Connection, type ConnectionState } from './connection';
export type { Exec, Hello, Instrument, ServerError, StreamInfo } from './control';
export { decimalToUnits, unitsToDecimal, Units } from './decimal';
export { Channel, Flag, Frame, SystemCode } from './frame';
export { type Bar, MarketFeed, type FeedEvents, type FeedOptions, type Start, type TradeTick } from './market_feed';
export { type ApiKey, type Fill, OrderEntry, type OrderRequest, type Outcome, type OwnOrder, type TradeEvents } from './order_entry';
export { phaseInWords, reasonInWords, takesOrders } from './reasons';
export { ReplayFeed, type ReplayStart } from './replay_feed';

// Candles and volume, by Lightweight Charts. Only the last bars are updated, at most four times a second; the whole
// series is set again when the symbol, the interval or the kept history changes.
import { CandlestickSeries, createChart, HistogramSeries, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts';
import { $, grouped } from './dom';
import type { Bar, Market } from './market';
import { onTheme, palette } from './theme';

const EVERY_MS = 250;

export class Candles {
  private readonly chart: IChartApi;
  private readonly price: ISeriesApi<'Candlestick'>;
  private readonly volume: ISeriesApi<'Histogram'>;
  private market: Market | null = null;
  private version = -1;
  private told = 0; // bars that the chart has
  private paintedMs = 0;

  constructor() {
    const host = $('candles');
    this.chart = createChart(host, {
      autoSize: true,
      layout: { attributionLogo: false, background: { color: 'transparent' } },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4, barSpacing: 7, minBarSpacing: 1 },
      localization: { timeFormatter: (t: number) => new Date(t * 1000).toISOString().slice(11, 19) },
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.24 } },
      crosshair: { mode: 0 },
    });
    this.price = this.chart.addSeries(CandlestickSeries, { borderVisible: true });
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: 'volume', priceFormat: { type: 'volume' }, lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    onTheme(() => this.colour());
  }

  show(market: Market): void {
    this.market = market;
    this.version = -1;
    const { units } = market;
    this.price.applyOptions({
      priceFormat: { type: 'custom', minMove: units.tickE9 / 1e9, formatter: (v: number) => grouped(v.toFixed(units.priceDecimals)) },
    });
  }

  paint(): void {
    const market = this.market;
    const now = performance.now();
    if (!market || now - this.paintedMs < EVERY_MS) return;
    this.paintedMs = now;
    if (this.version !== market.barVersion) {
      this.version = market.barVersion;
      this.price.setData(market.bars.map((bar) => this.candle(bar)));
      this.volume.setData(market.bars.map((bar) => this.column(bar)));
      this.told = market.bars.length;
      this.chart.timeScale().scrollToRealTime();
      return;
    }
    for (let i = Math.max(0, this.told - 1); i < market.bars.length; ++i) {
      this.price.update(this.candle(market.bars[i]));
      this.volume.update(this.column(market.bars[i]));
    }
    this.told = market.bars.length;
  }

  private candle(bar: Bar) {
    const unit = this.market!.units.tickE9 / 1e9;
    const time = this.local(bar.time);
    const body = { time, open: bar.open * unit, high: bar.high * unit, low: bar.low * unit, close: bar.close * unit };
    return bar.broken ? { ...body, borderColor: palette.accent, wickColor: palette.accent } : body;
  }
  private column(bar: Bar) {
    const { units } = this.market!;
    return {
      time: this.local(bar.time), value: bar.lots * units.lot * 10 ** units.qtyExponent,
      color: bar.close >= bar.open ? palette.bidBar : palette.askBar,
    };
  }
  // The library writes UTC; traders read their own clock.
  private local(seconds: number): UTCTimestamp {
    return (seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) as UTCTimestamp;
  }

  private colour(): void {
    this.chart.applyOptions({
      layout: { textColor: palette.dim, fontFamily: palette.font, fontSize: 11 },
      grid: { vertLines: { color: palette.line }, horzLines: { color: palette.line } },
      rightPriceScale: { borderColor: palette.line }, timeScale: { borderColor: palette.line },
    });
    this.price.applyOptions({
      upColor: palette.bid, downColor: palette.ask, borderUpColor: palette.bid, borderDownColor: palette.ask,
      wickUpColor: palette.bid, wickDownColor: palette.ask,
    });
    this.version = -1;
  }
}

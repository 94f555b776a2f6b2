// Prices are whole ticks and sizes whole lots inside; people read and write decimals. No float ever holds a price.

// Digits of a decimal moved by `decimals` places: "100.25", 2 -> 10025. NaN: not a decimal, too fine, or beyond 2^53.
export function decimalToUnits(text: string, decimals: number): number {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text.trim());
  if (!match || (match[2] === '' && !match[3])) return NaN;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > decimals) return NaN;
  const value = Number((match[2] || '0') + fraction.padEnd(decimals, '0'));
  return Number.isSafeInteger(value) ? (match[1] === '-' ? -value : value) : NaN;
}

export function unitsToDecimal(value: number, decimals: number): string {
  const digits = String(Math.abs(value)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return (value < 0 ? '-' : '') + whole + (decimals > 0 ? '.' + digits.slice(-decimals) : '');
}

// Places behind the point that a step of so many 10^-exponent needs: 250000000 of 1e-9 -> 2 (0.25).
function placesOf(step: number, exponent: number): number {
  let places = exponent;
  while (places > 0 && step % 10 === 0) {
    step /= 10;
    --places;
  }
  return places;
}

// The units of one instrument: ticks and lots to text and back.
export class Units {
  readonly priceDecimals: number;
  readonly sizeDecimals: number;
  private readonly tickUnits: number; // of 10^-priceDecimals
  private readonly lotUnits: number;

  constructor(readonly tickE9: number, readonly lot: number, readonly qtyExponent: number) {
    this.priceDecimals = placesOf(tickE9, 9);
    this.sizeDecimals = placesOf(lot, Math.max(0, -qtyExponent));
    this.tickUnits = tickE9 / 10 ** (9 - this.priceDecimals);
    this.lotUnits = lot / 10 ** (Math.max(0, -qtyExponent) - this.sizeDecimals);
  }
  ticksOf(priceE9: number): number {
    return Math.round(priceE9 / this.tickE9);
  }
  lotsOf(size: number): number {
    return Math.round(size / this.lot);
  }
  price(ticks: number): string {
    return unitsToDecimal(ticks * this.tickUnits, this.priceDecimals);
  }
  size(lots: number): string {
    return unitsToDecimal(lots * this.lotUnits, this.sizeDecimals);
  }
  // NaN: not a decimal, or no multiple of the tick (the lot).
  parsePrice(text: string): number {
    const value = decimalToUnits(text, this.priceDecimals) / this.tickUnits;
    return Number.isInteger(value) ? value : NaN;
  }
  parseSize(text: string): number {
    const value = decimalToUnits(text, this.sizeDecimals) / this.lotUnits;
    return Number.isInteger(value) ? value : NaN;
  }
  // Price times size for people to read; not for reckoning.
  notional(ticks: number, lots: number): number {
    return ((ticks * this.tickE9) / 1e9) * lots * this.lot * 10 ** this.qtyExponent;
  }
}

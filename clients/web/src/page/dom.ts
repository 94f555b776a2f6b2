// Small helpers over the DOM: find, make, and a canvas that is sharp on every screen.

const known = new Map<string, HTMLElement>(); // what has an id stands in index.html and stays

export function $<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = known.get(id) ?? document.getElementById(id);
  if (!found) throw new Error('the page has no #' + id);
  known.set(id, found);
  return found as T;
}

export function make(tag: string, className = '', text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// Writes only what differs: the browser lays out again whatever is touched. A text that is there already gets other
// characters: a new node would have to be styled and built anew.
export function setText(element: HTMLElement, text: string): void {
  const node = element.firstChild;
  if (node instanceof Text && node.nextSibling === null) {
    if (node.data !== text) node.data = text;
  } else if (element.textContent !== text) {
    element.textContent = text;
  }
}

// The same for an attribute.
export function setAttribute(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export const clockText = (ms: number, millis = true): string => {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return millis ? text + '.' + String(date.getMilliseconds()).padStart(3, '0') : text;
};

export const grouped = (text: string): string => {
  const [whole, fraction] = text.split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? spaced : spaced + '.' + fraction;
};

export const msText = (ms: number): string => {
  if (!Number.isFinite(ms)) return '–';
  return ms < 10 ? ms.toFixed(2) + ' ms' : ms < 1000 ? ms.toFixed(0) + ' ms' : (ms / 1000).toFixed(1) + ' s';
};

export class Surface {
  readonly context: CanvasRenderingContext2D;
  width = 0;
  height = 0;
  constructor(readonly canvas: HTMLCanvasElement, resized: () => void,
              settings: CanvasRenderingContext2DSettings = { alpha: false }) {
    this.context = canvas.getContext('2d', settings)!;
    new ResizeObserver(() => {
      this.fit();
      resized();
    }).observe(canvas);
    this.fit();
  }
  private fit(): void {
    const scale = devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
  }
}

// Panels that can be made wider and higher: separators in the gaps of the grid, dragged or moved by arrow keys, kept by
// the browser. A double click gives a gap back its own size.
const KEY = 'layout';
const STEP = 16; // pixels of an arrow key
const REST = 360; // what the charts keep of the width, at least

interface Split {
  variable: string; label: string; axis: 'x' | 'y';
  panel: string; // whose size the separator before it changes
  least: number; most: number;
}
const SPLITS: Record<string, Split> = {
  tape: { variable: '--tape', label: 'width of the trades', axis: 'x', panel: '.tape', least: 200, most: 700 },
  ladder: { variable: '--ladder', label: 'width of the ladder', axis: 'x', panel: '.ladder', least: 260, most: 800 },
  side: { variable: '--side', label: 'width of the ticket', axis: 'x', panel: '.order', least: 290, most: 520 },
  lower: { variable: '--lower', label: 'height of depth and trades', axis: 'y', panel: '.depth', least: 110, most: 900 },
};

export function startLayout(): void {
  const desk = document.querySelector<HTMLElement>('.desk')!;
  let saved: Record<string, number> = {};
  try {
    saved = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, number>;
  } catch {
    localStorage.removeItem(KEY);
  }
  const sizeOf = ({ panel, axis }: Split) => {
    const box = document.querySelector(panel)!.getBoundingClientRect();
    return axis === 'x' ? box.width : box.height;
  };
  // Not wider than the window lets it, whatever was saved on another one.
  const fit = (split: Split, size: number) => {
    const room = split.axis === 'x' ? desk.clientWidth - REST : desk.clientHeight * 0.75;
    const others = split.axis === 'x' ? Object.values(SPLITS).filter((one) => one.axis === 'x' && one !== split).reduce((sum, one) => sum + sizeOf(one), 0) : 0;
    return Math.round(Math.max(split.least, Math.min(size, split.most, room - others)));
  };
  const apply = (name: string) => {
    const split = SPLITS[name];
    if (saved[name] === undefined) desk.style.removeProperty(split.variable);
    else desk.style.setProperty(split.variable, fit(split, saved[name]) + 'px');
    const bar = desk.querySelector(`[data-split="${name}"]`)!;
    bar.setAttribute('aria-valuenow', String(Math.round(sizeOf(split))));
  };
  const set = (name: string, size: number | undefined) => {
    if (size === undefined) delete saved[name];
    else saved[name] = fit(SPLITS[name], size);
    localStorage.setItem(KEY, JSON.stringify(saved));
    apply(name);
  };

  for (const [name, split] of Object.entries(SPLITS)) {
    const bar = document.createElement('div');
    Object.assign(bar, { className: `split ${split.axis}`, tabIndex: 0, role: 'separator', title: 'drag; double click: as it was' });
    bar.dataset.split = name;
    bar.setAttribute('aria-label', split.label);
    bar.setAttribute('aria-orientation', split.axis === 'x' ? 'vertical' : 'horizontal');
    bar.setAttribute('aria-valuemin', String(split.least));
    bar.setAttribute('aria-valuemax', String(split.most));
    bar.addEventListener('pointerdown', (down) => {
      bar.setPointerCapture(down.pointerId);
      const before = sizeOf(split);
      const at = (e: PointerEvent) => (split.axis === 'x' ? e.clientX : e.clientY);
      const move = (e: PointerEvent) => set(name, before + at(down) - at(e));
      bar.addEventListener('pointermove', move);
      bar.addEventListener('lostpointercapture', () => bar.removeEventListener('pointermove', move), { once: true });
    });
    bar.addEventListener('dblclick', () => set(name, undefined));
    bar.addEventListener('keydown', (e) => {
      const by = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[e.key];
      if (by === undefined || (split.axis === 'x') !== (e.key === 'ArrowLeft' || e.key === 'ArrowRight')) return;
      set(name, sizeOf(split) + by * STEP);
      e.preventDefault();
      e.stopPropagation(); // the arrows are the ticket's elsewhere
    });
    desk.append(bar);
  }
  const all = () => Object.keys(SPLITS).forEach(apply);
  all();
  addEventListener('resize', all);
}

// Palettes live in page.css as variables; canvases read them here after each change.
const THEMES = ['dark', 'light', 'blue-orange'] as const;

export interface Palette {
  ground: string; panel: string; line: string; ink: string; dim: string; bid: string; ask: string;
  bidBar: string; askBar: string; accent: string; lift: string; font: string;
}

export const palette = {} as Palette;
const listeners: (() => void)[] = [];

export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

export function applyTheme(name: string): void {
  document.documentElement.dataset.theme = name;
  localStorage.setItem('theme', name);
  const style = getComputedStyle(document.documentElement);
  const read = (variable: string) => style.getPropertyValue('--' + variable).trim();
  Object.assign(palette, {
    ground: read('ground'), panel: read('panel'), line: read('line'), ink: read('ink'), dim: read('dim'), bid: read('bid'),
    ask: read('ask'), bidBar: read('bid-bar'), askBar: read('ask-bar'), accent: read('accent'), lift: read('lift'), font: read('digits'),
  });
  for (const listener of listeners) listener();
}

export function startTheme(): void {
  const saved = localStorage.getItem('theme');
  applyTheme(THEMES.find((name) => name === saved) ?? 'dark');
}

export function nextTheme(): void {
  const now = THEMES.findIndex((name) => name === document.documentElement.dataset.theme);
  applyTheme(THEMES[(now + 1) % THEMES.length]);
}

export const calm = matchMedia('(prefers-reduced-motion: reduce)');

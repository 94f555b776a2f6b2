// Shows the page before it works: its own 280 KB are read and run behind the first frame, not in front of it.
const page = (): void => void import(document.querySelector<HTMLLinkElement>('link[rel=modulepreload]')!.href);
requestAnimationFrame(() => setTimeout(page));
setTimeout(page, 500); // a tab that nobody sees has no frames

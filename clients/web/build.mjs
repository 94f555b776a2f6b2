// Builds the page: bundle, names with a digest of the content, gzip and brotli, and for the server one C++ source.
//   node build.mjs [--out DIR] [--cpp FILE]     (default: --out dist)
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : process.argv[at + 1];
};
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
const JS_GZIP_MAX = 120 * 1024;

const { outputFiles } = await build({
  entryPoints: [
    { in: join(here, 'src/page/main.ts'), out: 'page' }, { in: join(here, 'src/page/start.ts'), out: 'page-start' },
    { in: join(here, 'src/page/page.css'), out: 'page' },
  ],
  bundle: true, minify: true, write: false, outdir: 'out', format: 'esm', target: 'es2022', charset: 'utf8',
  legalComments: 'none', logLevel: 'warning',
});
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const pack = (path, bytes) => ({
  path, type: TYPES[path === '/' ? 'html' : path.split('.').pop()], etag: '"' + digest(bytes).slice(0, 16) + '"', plain: bytes,
  gzip: gzipSync(bytes, { level: 9 }),
  brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
});

let html = readFileSync(join(here, 'src/page/index.html'), 'utf8');
const files = [];
for (const { path, contents } of outputFiles) {
  const [name, kind] = basename(path).split('.');
  const file = pack(`/${name}-${digest(contents).slice(0, 8)}.${kind}`, Buffer.from(contents));
  html = html.replace(`/${name}.${kind}`, file.path);
  files.push(file);
  if (kind === 'js' && file.gzip.length > JS_GZIP_MAX) throw new Error(`page.js: ${file.gzip.length} bytes of gzip, over ${JS_GZIP_MAX}`);
}
files.push(pack('/icon.svg', readFileSync(join(here, 'src/page/icon.svg'))));
files.unshift(pack('/', Buffer.from(html)));

function literal(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; ++i) {
    const c = bytes[i];
    // An octal escape of three digits cannot swallow what follows; trigraphs and quotes are escaped too.
    text += c >= 32 && c < 127 && c !== 34 && c !== 92 && c !== 63 ? String.fromCharCode(c) : '\\' + c.toString(8).padStart(3, '0');
    if (i % 96 === 95) text += '"\n    "';
  }
  return `std::string_view("${text}", ${bytes.length})`;
}

const cpp = option('--cpp');
if (cpp) {
  const rows = files.map((f) => `  {"${f.path}", "${f.type}", "\\"${f.etag.slice(1, -1)}\\"",\n   ${literal(f.plain)},\n   ${literal(f.gzip)},\n   ${literal(f.brotli)}},\n`);
  writeFileSync(cpp, `// Made by clients/web/build.mjs.\n#include "feed/http/page_files.h"\n\nnamespace bourse {\nnamespace {\n` +
    `constexpr PageFile files[] = {\n${rows.join('')}};\n}  // namespace\n\n` +
    `std::span<const PageFile> page_files() { return files; }\n}  // namespace bourse\n`);
}
const out = option('--out') ?? (cpp ? null : join(here, 'dist'));
if (out) {
  mkdirSync(out, { recursive: true });
  for (const f of files) writeFileSync(join(out, f.path === '/' ? 'index.html' : f.path), f.plain);
}
for (const f of files) console.log(`${f.path.padEnd(22)} ${String(f.plain.length).padStart(7)}  gzip ${String(f.gzip.length).padStart(6)}  br ${String(f.brotli.length).padStart(6)}`);

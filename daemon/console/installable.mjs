// What makes the console an app that can be installed: a manifest for each language, its icons, and the service worker that shows
// alerts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import sharp from 'sharp';

const folder = fileURLToPath(new URL('.', import.meta.url));
const read = (path) => readFileSync(join(folder, path), 'utf8');

/** What the system shows while the app starts: `--paper` of console.css in light. */
const backgroundColour = /--paper: light-dark\((#\w+)/.exec(read('console.css'))[1];

export function installable() {
  const mark = read('mark.svg');
  const [, markColour] = /<rect[^>]* fill="(#\w+)"/.exec(mark);
  return {
    name: 'installable console',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        { tag: 'link', attrs: { rel: 'manifest', href: '/app-en.webmanifest' } },
        { tag: 'link', attrs: { rel: 'apple-touch-icon', href: '/icon-180.png' } },
      ],
    },
    async generateBundle() {
      const emit = (fileName, source) => this.emitFile({ type: 'asset', fileName, source });
      for (const language of readdirSync(join(folder, 'messages')))
        emit(`app-${language}.webmanifest`, JSON.stringify(manifestIn(language, markColour)));
      emit('icon-192.png', await drawn(mark, 192));
      emit('icon-512.png', await drawn(mark, 512));
      // Systems cut these to their own shape: the mark keeps clear of the edges, on a ground of its colour.
      emit('icon-180.png', await drawn(mark, 180, markColour));
      emit('icon-maskable-512.png', await drawn(mark, 512, markColour));
      // Android shows a badge in one colour: only its shape counts.
      emit('badge-96.png', await drawn(mark.replace(/<rect[^>]*>/, ''), 96));
      const { code } = await transform(read('service-worker.mjs'), { minify: true, target: 'es2022' });
      emit('service-worker.js', code);
    },
  };
}

function manifestIn(language, markColour) {
  const titleOf = (file) =>
    ['en', language].reduce((title, each) => {
      const messages = JSON.parse(read(join('messages', each, file)));
      return messages.title ?? title;
    }, '');
  const shortcut = (file, url) => ({ name: titleOf(file), url });
  const png = (name, size, purpose) => ({
    ...{ src: `/${name}.png`, sizes: `${size}x${size}`, type: 'image/png', purpose },
  });
  return {
    ...{ id: '/', start_url: '/', scope: '/', display: 'standalone' },
    ...{ lang: language, name: 'rollcall', short_name: 'rollcall' },
    ...{ background_color: backgroundColour, theme_color: markColour },
    icons: [
      png('icon-192', 192, 'any'),
      png('icon-512', 512, 'any'),
      png('icon-maskable-512', 512, 'maskable'),
    ],
    shortcuts: [shortcut('now.json', '/'), shortcut('alerts.json', '/alerts')],
  };
}

/** The mark as a PNG; with `ground`, on a square of this colour, inside the circle that every shape of a system contains. */
async function drawn(mark, size, ground) {
  const inner = ground === undefined ? size : Math.round(size * 0.72);
  const image = sharp(Buffer.from(mark), { density: (72 * inner) / 32 }).resize(inner, inner);
  const margin = Math.floor((size - inner) / 2);
  const rest = size - inner - margin;
  if (ground !== undefined)
    image
      .extend({ top: margin, left: margin, bottom: rest, right: rest, background: ground })
      .flatten({ background: ground });
  return image.png({ compressionLevel: 9, palette: true }).toBuffer();
}

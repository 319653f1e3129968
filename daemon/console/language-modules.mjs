// The languages of the console, found when it is built: each folder of `messages` is one.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

const messages = fileURLToPath(new URL('messages', import.meta.url));
/** The message files that the login needs. */
const filesOfLogin = ['entry', 'parts', 'shell'];
const overview = '\0virtual:languages';
/** A file of its own for each language and part, which is named after the end of this ID. */
const part = /^\0messages\/(.+)-(first|rest)$/;

/**
 * `virtual:languages`: each language by its code, with its name in itself and with two loaders, for the messages of the login and for
 * those of the pages. A message that a variant such as `pt-BR` lacks is that of `pt`, and one that a language lacks is English, so that
 * a translation can grow.
 */
export function languageModules(folder = messages) {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const others = folders.map(({ name }) => name).filter((name) => name !== 'en');
  const codes = ['en', ...others.sort()];
  const read = (language, name) => {
    try {
      return JSON.parse(readFileSync(join(folder, language, name), 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') return {};
      throw new Error(`${join(folder, language, name)} is not a JSON file of messages.`, { cause: error });
    }
  };
  const messagesOf = (language, isFirst) =>
    readdirSync(join(folder, 'en'))
      .filter((name) => filesOfLogin.includes(basename(name, '.json')) === isFirst)
      .map((name) => [
        basename(name, '.json'),
        Object.assign({}, ...['en', ...broaderTags(language)].map((each) => read(each, name))),
      ]);
  const loader = (language, which) => `() => import('virtual:messages/${language}-${which}')`;
  const row = (language) =>
    `'${language}': { name: ${JSON.stringify(nameOf(language))}, first: ${loader(language, 'first')}, rest: ${loader(language, 'rest')} }`;
  return {
    name: 'languages of the console',
    resolveId(wanted) {
      if (wanted === 'virtual:languages') return overview;
      return wanted.startsWith('virtual:messages/') ? wanted.replace('virtual:', '\0') : undefined;
    },
    load(id) {
      if (id === overview) return `export default { ${codes.map(row).join(', ')} }`;
      const [, language, which] = part.exec(id) ?? [];
      if (language === undefined) return undefined;
      const files = besideLikest(messagesOf(language, which === 'first'));
      return `export default ${JSON.stringify(Object.fromEntries(files))}`;
    },
    // These modules are no files, so Vite would not notice a change.
    handleHotUpdate({ file, server }) {
      if (!file.startsWith(folder)) return;
      server.moduleGraph.invalidateAll();
      server.ws.send({ type: 'full-reload' });
    },
  };
}

/** The files, each before the one that shares most words with it: a browser gets them compressed, which sees only so far back. */
function besideLikest(files) {
  const left = files.map((file) => ({ file, text: JSON.stringify(file) }));
  const sizeOf = (text) => deflateRawSync(text).length;
  const ordered = left.splice(0, 1);
  while (left.length > 0) {
    const last = ordered.at(-1).text;
    const gains = left.map(({ text }) => sizeOf(text) - sizeOf(last + text));
    ordered.push(...left.splice(gains.indexOf(Math.max(...gains)), 1));
  }
  return ordered.map(({ file }) => file);
}

/** The language, after those of which it is a variant: `zh`, `zh-Hant`. */
const broaderTags = (language) => {
  const parts = language.split('-');
  return parts.map((_, index) => parts.slice(0, index + 1).join('-'));
};

/** What speakers call their language, such as `Deutsch`. */
function nameOf(language) {
  const name = new Intl.DisplayNames([language], { type: 'language' }).of(language);
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

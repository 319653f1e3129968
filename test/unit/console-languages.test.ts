import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Modules {
  resolveId(id: string): string | undefined;
  load(id: string): string | undefined;
}
const { languageModules } = (await import(
  new URL('../../daemon/console/language-modules.mjs', import.meta.url).href
)) as { readonly languageModules: (folder?: string) => Modules };

type Messages = Readonly<Record<string, Readonly<Record<string, string>>>>;
interface Overview {
  readonly default: Readonly<Record<string, { readonly name: string }>>;
}

/** Loads a module as the build of the console does. */
async function loaded<Module>(modules: Modules, id: string): Promise<Module> {
  const source = modules.load(modules.resolveId(id) ?? '') ?? '';
  return (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as Module;
}

describe('the languages of the console', () => {
  test('are the folders of messages, each with its name in itself', async () => {
    const { default: languages } = await loaded<Overview>(languageModules(), 'virtual:languages');
    const names = Object.entries(languages).map(([code, { name }]) => [code, name]);
    assert.deepEqual(names.slice(0, 3), [
      ['en', 'English'],
      ['de', 'Deutsch'],
      ['fr', 'Français'],
    ]);
  });

  test('include one that is only a folder, which shows English where it has no message yet', async () => {
    await using folder = await temporaryDirectory();
    const write = (language: string, file: string, messages: Readonly<Record<string, string>>): void => {
      mkdirSync(join(folder.path, language), { recursive: true });
      writeFileSync(join(folder.path, language, `${file}.json`), JSON.stringify(messages));
    };
    write('en', 'entry', { login: 'Log in', logout: 'Log out' });
    write('en', 'now', { title: 'Now' });
    write('eo', 'entry', { login: 'Ensaluti' });
    write('eo-XX', 'entry', { logout: 'Elsaluti' });
    write('mic', 'entry', {});
    writeFileSync(join(folder.path, 'notes.txt'), 'not a language');
    const modules = languageModules(folder.path);
    const { default: languages } = await loaded<Overview>(modules, 'virtual:languages');
    assert.deepEqual(
      Object.entries(languages).map(([code, { name }]) => [code, name]),
      [
        ['en', 'English'],
        ['eo', 'Esperanto'],
        ['eo-XX', 'Esperanto (XX)'],
        ['mic', "Mi'kmaw"],
      ],
    );
    const messagesOf = async (part: string, language = 'eo') =>
      (await loaded<{ readonly default: Messages }>(modules, `virtual:messages/${language}-${part}`)).default;
    assert.deepEqual({ ...(await messagesOf('first')) }, { entry: { login: 'Ensaluti', logout: 'Log out' } });
    assert.deepEqual({ ...(await messagesOf('rest')) }, { now: { title: 'Now' } });
    const variant = { login: 'Ensaluti', logout: 'Elsaluti' };
    assert.deepEqual({ ...(await messagesOf('first', 'eo-XX')) }, { entry: variant });
  });

  test('name the file that cannot be read', async () => {
    await using folder = await temporaryDirectory();
    mkdirSync(join(folder.path, 'en'));
    writeFileSync(join(folder.path, 'en', 'entry.json'), '{');
    const modules = languageModules(folder.path);
    assert.throws(
      () => modules.load(modules.resolveId('virtual:messages/en-first') ?? ''),
      /entry\.json is not a JSON file of messages/,
    );
  });
});

import { randomBytes } from 'node:crypto';
import type { Browser, BrowserContext } from 'playwright-core';
import { type LocalBox, makeLocalBox } from '../../scripts/local-box.js';
import { cameras } from '../../scripts/seeding/past.js';
import { demoSections, type Seeded } from '../../scripts/seeding/seed.js';
import { gateAnswers, startBoxGate } from './box-gate.js';
import { openPage, type PageOptions, type WatchedPage } from './browser.js';
import { freePort } from './listening.js';
import { startSeeded } from './seeded-box.js';
import { temporaryDirectory } from './temporary-directory.js';
import { until } from './until.js';

/** A real box with its gate, as a browser meets it. */
export interface ConsoleBox extends AsyncDisposable {
  readonly box: LocalBox;
  readonly url: string;
  /** What was made up; absent on a new box. */
  readonly seeded: Seeded | undefined;
  /** The login of the user with this role, after the first `open`. */
  credentialsOf(role: string): { readonly userName: string; readonly password: string };
  /** Makes the account of this role, `test-ROLE`. */
  addAccount(role: string): Promise<void>;
  /** Opens a page of the console as a user with this role, or as `limitedOperator`, whose account is made if it is missing. */
  open(role: string, path: string, size?: readonly [number, number]): Promise<WatchedPage>;
  /** Opens a page on a phone with fingers instead of a mouse. */
  openOnPhone(role: string, path: string): Promise<WatchedPage>;
  /** Opens a page without a login. */
  openUnknown(path: string, size?: readonly [number, number]): Promise<WatchedPage>;
}

/** An operator who may see the entrance of the demo box alone. */
export const limitedOperator = 'limited-operator';

interface Options {
  /**
   * `new`: nobody has claimed the box. `accounts`: it has an administrator. `past`: an account of each role, persons and the events of
   * two weeks.
   */
  readonly content: 'new' | 'accounts' | 'past';
  readonly browser: Browser;
  /** Sections of the configuration in place of those of the demo box. */
  readonly sections?: (gatePort: number) => string;
}

/** Starts a box, its gate, and accounts whose passwords this process alone knows. */
export async function startConsoleBox(options: Options): Promise<ConsoleBox> {
  const { content, browser, sections = demoSections } = options;
  const directory = await temporaryDirectory();
  const port = await freePort();
  const url = `https://localhost:${port}`;
  const box = await makeLocalBox({
    directory: directory.path,
    comment: 'Made by a test.',
    sections: sections(port),
  });
  const seeded = content === 'past' ? await startSeeded(box) : undefined;
  if (seeded === undefined) await box.start();
  const gate = startBoxGate(box);
  const credentials = new Map<string, Login>(seeded?.logins.map((login) => [login.role, login]));
  const addAccount = async (role: string): Promise<void> => {
    credentials.set(role, await accountOf(box.client, role));
  };
  if (content === 'accounts') await addAccount('admin');
  const openUnknown: ConsoleBox['openUnknown'] = async (path, size) => {
    const opened = await openPage(browser, { url, ...(size && { size }) });
    await opened.page.goto(path);
    return opened;
  };
  // Logins are limited to ten a minute, so a page uses the session of an earlier one with the same role.
  const sessions = new Map<string, Awaited<ReturnType<BrowserContext['cookies']>>>();
  const loginOf = (role: string): Login => {
    const login = credentials.get(role);
    if (login === undefined) throw new Error(`the box has no account with the role ${role}`);
    return login;
  };
  const open = async (role: string, path: string, device: Device): Promise<WatchedPage> => {
    // Each account costs hashes of passwords, so nobody gets one in advance.
    if (!credentials.has(role)) await addAccount(role);
    const login = loginOf(role);
    const opened = await openPage(browser, { url, ...device });
    const send = async (to: string, data: object): Promise<void> => {
      const answer = await opened.context.request.post(`/api/v1${to}`, { headers: { origin: url }, data });
      if (!answer.ok()) throw new Error(`${to}: ${await answer.text()}`);
    };
    const earlier = sessions.get(role);
    if (earlier !== undefined) await opened.context.addCookies(earlier);
    const known = await opened.context.request.get('/api/v1/auth/me');
    if (known.ok()) {
      await opened.page.goto(path);
      return opened;
    }
    await send('/auth/login', { userName: login.userName, password: login.password, kind: 'session' });
    if (login.mustChange) {
      const password = newPassword();
      await send('/auth/password', { oldPassword: login.password, newPassword: password });
      credentials.set(role, { ...login, password, mustChange: false });
    }
    sessions.set(role, await opened.context.cookies());
    await opened.page.goto(path);
    return opened;
  };
  // Not asked with pages: the browser starts a process for each.
  await until('the gate', () => gateAnswers(port));
  return {
    ...{ box, url, seeded, openUnknown, addAccount },
    credentialsOf: loginOf,
    open: (role, path, size) => open(role, path, size ? { size } : {}),
    openOnPhone: (role, path) => open(role, path, { size: phoneSize, isPhone: true }),
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]();
      await box[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

type Device = Pick<PageOptions, 'size' | 'isPhone'>;

/** CSS pixels of a usual phone. */
const phoneSize = [390, 844] as const;

interface Login {
  readonly userName: string;
  readonly password: string;
  /** True: the first login must choose another password. */
  readonly mustChange: boolean;
}

const newPassword = (): string => randomBytes(15).toString('base64url');

/** A new account with a password of its own. */
async function accountOf(client: LocalBox['client'], role: string): Promise<Login> {
  const login = { userName: `test-${role}`, password: newPassword() };
  if (role === 'admin') {
    const { secret } = await client.call('users.claim');
    await client.call('auth.claim', { ...login, secret });
    return { ...login, mustChange: false };
  }
  const rights = role === limitedOperator ? { role: 'operator', cameras: [cameras.in] } : { role };
  await client.call('users.create', { ...login, ...rights });
  return { ...login, mustChange: true };
}

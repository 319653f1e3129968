import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { closeOf, hasEnded } from '../../scripts/child-end.js';
import type { TestBox } from './box.js';
import { builtProgram } from './built.js';

/** The folder in which a box hands over to its gate. */
export const gateFolderOf = (box: Pick<TestBox, 'directory'>): string => join(box.directory, 'run', 'gate');

/** The built gate of a box as a child process. */
export interface BoxGate extends AsyncDisposable {
  readonly child: ChildProcess;
}

/** Starts it; it listens some moments later. */
export function startBoxGate(box: Pick<TestBox, 'directory'>): BoxGate {
  const args = [builtProgram('rollcall-gate.js'), '--folder', gateFolderOf(box)];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  return {
    child,
    async [Symbol.asyncDispose]() {
      if (hasEnded(child)) return;
      child.kill('SIGKILL');
      await closeOf(child);
    },
  };
}

/** Whether the gate listens and answers by now. */
export function gateAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = get({ host: 'localhost', port, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(true);
    });
    asking.on('error', () => resolve(false));
    asking.setTimeout(5000, () => asking.destroy());
  });
}

/** What the gate answered. */
export interface GateSaid {
  readonly status: number | undefined;
  /** The first cookie that it set, without attributes. */
  readonly cookie: string | undefined;
  /** Of a JSON answer; otherwise empty. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Asks for a path below `/api/v1`. `body`: bytes, or what is sent as JSON. */
export type AskGate = (
  method: string,
  path: string,
  headers?: Readonly<Record<string, string>>,
  body?: unknown,
) => Promise<GateSaid>;

/** Asks over HTTPS. Another test compares the certificate. */
export const askerAt =
  (port: number): AskGate =>
  async (method, path, headers = {}, body) => {
    const isJson = body !== undefined && !Buffer.isBuffer(body);
    const sent = request({
      ...{ host: '127.0.0.1', port, method, path: `/api/v1${path}`, rejectUnauthorized: false },
      headers: { host: 'localhost', ...(isJson && { 'content-type': 'application/json' }), ...headers },
    });
    const answered = once(sent, 'response');
    sent.end(isJson ? JSON.stringify(body) : body);
    const [response] = await answered;
    const said: string = await text(response);
    const [cookie] = (response.headers['set-cookie'] ?? []).map((each: string) => each.split(';')[0]);
    const { data = {} }: { readonly data?: GateSaid['data'] } = said.startsWith('{') ? JSON.parse(said) : {};
    return { status: response.statusCode, cookie, data, text: said };
  };

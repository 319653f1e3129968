import { readdirSync, readFileSync } from 'node:fs';
import { type ContractMessage, contractMessages } from '../../daemon/contract/events/messages.js';

/** A file of docs/contract/examples. */
export interface Example {
  readonly name: string;
  /** The bytes as a broker delivered them. */
  readonly payload: Buffer;
  /** The message that the file is an example of. */
  readonly message: ContractMessage;
}

const folder = new URL('../../docs/contract/examples/', import.meta.url);

/** All examples. Throws where one belongs to no message. */
export function contractExamples(): readonly Example[] {
  const messages = contractMessages();
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.json'.length);
      const message = messages.find((one) => name === one.name || name.startsWith(`${one.name}.`));
      if (message === undefined) throw new Error(`${file} is an example of nothing`);
      return { name, payload: readFileSync(new URL(file, folder)), message };
    });
}

export function exampleValue({ payload }: Example): Record<string, unknown> {
  return JSON.parse(payload.toString('utf8')) as Record<string, unknown>;
}

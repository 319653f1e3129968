import { z } from 'zod';
import { type ContractMessage, contractMessages } from './messages.js';

/** A JSON Schema, draft 7, because validators of all languages support it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema of one message without `$schema`, for use inside another document. */
export function schemaOf({ name, summary, schema, from }: ContractMessage): JsonSchema {
  // A centre may leave out fields that have a default.
  const io = from === 'centre' ? 'input' : 'output';
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io });
  return { title: name, description: summary, ...rest };
}

interface SchemaFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly content: string;
}

/** One file for each message. */
export function schemaFiles(): readonly SchemaFile[] {
  return contractMessages().map((message) => {
    const document = { $schema: 'http://json-schema.org/draft-07/schema#', ...schemaOf(message) };
    return {
      path: `docs/contract/schemas/${message.name}.schema.json`,
      content: `${JSON.stringify(document, undefined, 2)}\n`,
    };
  });
}

import { z } from 'zod';
import type { ReloadClass } from '../../kernel/reload-class.js';
import { fileSchema } from './schema.js';

/** The keywords of a JSON Schema (draft 2020-12) node that this program reads. */
export interface SchemaNode {
  readonly type?: string;
  /** What a text is, for people. */
  readonly title?: string;
  readonly description?: string;
  readonly reload?: ReloadClass;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
}

let generated: SchemaNode | undefined;

/** JSON Schema of the configuration file, for editors and for the reference. */
export function configJsonSchema(): SchemaNode {
  generated ??= {
    ...(z.toJSONSchema(fileSchema, { io: 'input' }) as SchemaNode),
    description: 'Configuration of rollcalld. Generated from daemon/contract/settings/schema.ts.',
  };
  return generated;
}

/** The part of the schema for the value at `path`; list positions may be any number. */
export function schemaAt(path: readonly (string | number)[]): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>(
    (node, step) => (typeof step === 'number' ? node?.items : node?.properties?.[step]),
    configJsonSchema(),
  );
}

/** One configurable value. */
export interface Setting {
  /** Keys from the top of the file; `[]` stands for any item of a list. */
  readonly path: readonly string[];
  readonly reload: ReloadClass;
  readonly isRequired: boolean;
  readonly node: SchemaNode;
}

/** Every setting, in the order of the schema. */
export function allSettings(): readonly Setting[] {
  const settings: Setting[] = [];
  const visit = (node: SchemaNode, path: readonly string[], isRequired: boolean): void => {
    if (node.properties !== undefined) {
      for (const [key, child] of Object.entries(node.properties)) {
        visit(child, [...path, key], node.required?.includes(key) ?? false);
      }
    } else if (node.items !== undefined && node.reload === undefined) {
      visit(node.items, [...path, '[]'], isRequired);
    } else if (node.reload !== undefined) {
      settings.push({ path, reload: node.reload, isRequired, node });
    }
  };
  visit(configJsonSchema(), [], true);
  return settings;
}

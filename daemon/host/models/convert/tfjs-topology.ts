import { z } from 'zod';
import { operational } from '../../../kernel/errors.js';
import { weightsManifestSchema } from './tfjs-weights.js';

const attributeSchema = z.looseObject({
  s: z.string().optional(),
  list: z
    .looseObject({ s: z.array(z.string()).optional(), i: z.array(z.coerce.number()).optional() })
    .optional(),
});

const nodeSchema = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), attributeSchema).default({}),
});

/** The parts of a TensorFlow.js graph model that are read here. Other fields of the topology are kept. */
export const graphModelSchema = z.object({
  format: z.literal('graph-model'),
  modelTopology: z.looseObject({ node: z.array(nodeSchema) }),
  weightsManifest: weightsManifestSchema,
});

export type GraphModel = z.infer<typeof graphModelSchema>;
export type TfjsNode = z.infer<typeof nodeSchema>;

/** Decodes a text attribute: these are stored in base64. */
function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}

/** The attribute `name` as text, or `fallback` if the node does not have it. */
export function textAttribute(node: TfjsNode, name: string, fallback: string): string {
  const stored = node.attr[name]?.s;
  return stored === undefined ? fallback : fromBase64(stored);
}

/** The attribute `name` as a list of texts; empty if the node does not have it. */
export function textListAttribute(node: TfjsNode, name: string): readonly string[] {
  return (node.attr[name]?.list?.s ?? []).map(fromBase64);
}

/** Height and width in the attribute `name` of a window (`strides`, `ksize`, `dilations`), which is stored as NHWC. */
export function windowAttribute(node: TfjsNode, name: string): readonly [number, number] {
  const [, height = 1, width = 1] = node.attr[name]?.list?.i ?? [];
  return [height, width];
}

/** The error for a node that this converter was not written for. */
export function unsupported(node: TfjsNode, what: string): Error {
  return operational('network-unsupported', `cannot convert node ${node.name} (${node.op}): ${what}`, {
    remedy: 'Install the version of the npm dependency that the model manifest names.',
  });
}

/** The names of the inputs without their output number, and without control inputs. */
export function dataInputs(node: TfjsNode): readonly string[] {
  return node.input.filter((name) => !name.startsWith('^')).map((name) => name.replace(/:\d+$/, ''));
}

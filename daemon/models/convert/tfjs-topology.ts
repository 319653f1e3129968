import { z } from 'zod';
import { operational } from '../../base/errors.js';
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

/** The file format of a TensorFlow.js graph model, as far as it is read here; the rest of the topology is kept. */
export const graphModelSchema = z.object({
  format: z.literal('graph-model'),
  modelTopology: z.looseObject({ node: z.array(nodeSchema) }),
  weightsManifest: weightsManifestSchema,
});

export type GraphModel = z.infer<typeof graphModelSchema>;
export type TfjsNode = z.infer<typeof nodeSchema>;

/** Text attributes are stored in base64. */
function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}

/** The attribute `name` as text, or `fallback` where the node has none. */
export function textAttribute(node: TfjsNode, name: string, fallback: string): string {
  const stored = node.attr[name]?.s;
  return stored === undefined ? fallback : fromBase64(stored);
}

/** The attribute `name` as a list of texts; empty where the node has none. */
export function textListAttribute(node: TfjsNode, name: string): readonly string[] {
  return (node.attr[name]?.list?.s ?? []).map(fromBase64);
}

/** Height and width of an NHWC window attribute (`strides`, `ksize`, `dilations`). */
export function windowAttribute(node: TfjsNode, name: string): readonly [number, number] {
  const [, height = 1, width = 1] = node.attr[name]?.list?.i ?? [];
  return [height, width];
}

/** The operation and node that this converter was not written for. */
export function unsupported(node: TfjsNode, what: string): Error {
  return operational('network-unsupported', `cannot convert node ${node.name} (${node.op}): ${what}`, {
    remedy: 'Install the version of the npm dependency that the model manifest names.',
  });
}

/** Input names without the output number; control inputs are dropped. */
export function dataInputs(node: TfjsNode): readonly string[] {
  return node.input.filter((name) => !name.startsWith('^')).map((name) => name.replace(/:\d+$/, ''));
}

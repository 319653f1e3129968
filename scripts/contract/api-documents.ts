import { stringify } from 'yaml';
import { openApiDocument } from '../../daemon/contract/openapi.js';
import { operations } from '../../daemon/contract/operations.js';
import type { Examples } from '../operation-examples/read.js';
import { apiReference, scopesReference } from './api-reference.js';

/** The OpenAPI document as a file. */
export function openApiYaml(examples: Examples): string {
  return stringify(openApiDocument(operations, examples), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The files that are generated from the operations. */
export function apiDocuments(
  examples: Examples,
): readonly { readonly path: string; readonly content: string }[] {
  return [
    { path: 'docs/contract/openapi.yaml', content: openApiYaml(examples) },
    { path: 'docs/reference/api.md', content: apiReference(operations) },
    { path: 'docs/reference/scopes.md', content: scopesReference(operations) },
  ];
}

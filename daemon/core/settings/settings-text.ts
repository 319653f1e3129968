import { Document, parseDocument } from 'yaml';

/** The text of a settings file with other values. Comments and the rest stay; null removes a value. */
export function changedSettings(text: string, changes: Readonly<Record<string, unknown>>): string {
  const document = text.trim() === '' ? newDocument() : parseDocument(text);
  for (const [dotted, value] of Object.entries(changes)) {
    const path = dotted.split('.');
    if (value === null) removeIn(document, path);
    else document.setIn(path, document.createNode(value));
  }
  return isEmpty(document) ? '' : document.toString();
}

function newDocument(): Document {
  const document = new Document({});
  document.commentBefore =
    ' The box keeps these settings itself. They take the place of those in the configuration file.\n Reload rollcalld after a change by hand.';
  return document;
}

/** Removes a value and the sections that it leaves empty. */
function removeIn(document: Document, path: readonly string[]): void {
  if (!document.hasIn(path)) return;
  document.deleteIn(path);
  const section = path.slice(0, -1);
  if (section.length > 0 && isNothing(document.getIn(section))) removeIn(document, section);
}

const isEmpty = (document: Document): boolean => isNothing(document.contents);

/** A section of YAML without keys. */
function isNothing(node: unknown): boolean {
  return (
    node === null ||
    (typeof node === 'object' && 'items' in node && Array.isArray(node.items) && node.items.length === 0)
  );
}

import sax from 'sax';
import { operational } from '../../kernel/errors.js';

/** An element without its namespace: devices declare their prefixes in many ways, and some not at all. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

/** An answer of ONVIF nests about twelve deep and has a few thousand elements, also that of a large recorder. */
const bounds = { deepest: 40, mostElements: 50_000 } as const;

/**
 * Reads what a device has sent. It may be hostile: a document type is refused, so that there are no entities but those of XML, and
 * depth and number of elements are bounded.
 * @throws `xml-unusable`
 */
export function readXml(text: string): XmlElement {
  const root: OpenElement = { name: '', attributes: {}, children: [], text: '' };
  const open: OpenElement[] = [root];
  let count = 0;
  const parser = sax.parser(true);
  parser.onerror = (error) => {
    throw unusable(error.message.split('\n')[0] ?? '');
  };
  parser.ondoctype = () => {
    throw unusable('it declares a document type');
  };
  parser.onopentag = ({ name, attributes }) => {
    count += 1;
    if (open.length > bounds.deepest || count > bounds.mostElements)
      throw unusable('it is nested too deep or too long');
    const element: OpenElement = {
      name: localName(name),
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [localName(key), String(value)]),
      ),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    open.push(element);
  };
  parser.onclosetag = () => void open.pop();
  const take = (piece: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += piece;
  };
  parser.ontext = take;
  parser.oncdata = take;
  parser.write(text).close();
  const [document] = root.children;
  if (document === undefined) throw unusable('it is empty');
  return document;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

const unusable = (why: string): Error => operational('xml-unusable', `the answer is not usable XML: ${why}`);

/** The element that is reached by these names, each a child of the one before. The first of several. */
export function within(element: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined {
  return names.reduce<XmlElement | undefined>(
    (found, name) => found?.children.find((child) => child.name === name),
    element,
  );
}

/** The trimmed text of such an element; empty where there is none. */
export const textWithin = (element: XmlElement | undefined, ...names: readonly string[]): string =>
  within(element, ...names)?.text.trim() ?? '';

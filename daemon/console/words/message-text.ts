/** What a message shows besides its own text. */
export type Values = Readonly<Record<string, string | number>>;

/**
 * The text of a message in the ICU format, with its values. Of that format it knows what the messages use: `{name}`,
 * `{count, number}` also with a number of decimals (`::.00`), `plural` with `#`, and `select`. A test compares every message
 * with the whole format's own library, which is six times as large as all else that shows words.
 */
export function messageText(text: string, values: Values, tag: string, count?: number): string {
  let shown = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('{', at);
    const plain = text.slice(at, open < 0 ? undefined : open);
    shown += count === undefined ? plain : plain.replaceAll('#', count.toLocaleString(tag));
    if (open < 0) return shown;
    at = afterBrace(text, open);
    shown += argumentText(text.slice(open + 1, at - 1), values, tag, count);
  }
}

function argumentText(text: string, values: Values, tag: string, count: number | undefined): string {
  const [, name = '', kind, style = ''] = /^\s*(\w+)\s*(?:,\s*(\w+)\s*)?(?:,\s*(.*))?$/s.exec(text) ?? [];
  const value = values[name];
  if (value === undefined) throw new Error(`A message shows "${name}", which its page does not give.`);
  if (kind === undefined) return String(value);
  if (kind === 'number') return decimal(Number(value), tag, /\.(0+)/.exec(style)?.[1]?.length);
  const options = optionsOf(style);
  const isPlural = kind === 'plural';
  const chosen = isPlural
    ? (options.get(`=${value}`) ?? options.get(new Intl.PluralRules(tag).select(Number(value))))
    : options.get(String(value));
  return messageText(chosen ?? options.get('other') ?? '', values, tag, isPlural ? Number(value) : count);
}

function decimal(value: number, tag: string, digits: number | undefined): string {
  if (digits === undefined) return value.toLocaleString(tag);
  return value.toLocaleString(tag, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `one {# person} other {# people}`: each text by its word. */
function optionsOf(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; ; ) {
    const open = text.indexOf('{', at);
    if (open < 0) return options;
    const word = text.slice(at, open).trim();
    at = afterBrace(text, open);
    options.set(word, text.slice(open + 1, at - 1));
  }
}

/** The place after the brace that closes the one at `open`. */
function afterBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

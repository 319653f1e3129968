import { isChangeable } from '../../daemon/contract/settings/changeable-settings.js';
import { wholeSettings } from '../../daemon/contract/settings/diff.js';
import { schemaAt } from '../../daemon/contract/settings/json-schema.js';

/** The English words of the settings that the console offers: the descriptions in the schema, as messages. */
export function settingWords(): string {
  const described = wholeSettings().flatMap(({ path }) => {
    const text = schemaAt(path)?.description;
    return text === undefined || !isChangeable(path.join('.')) ? [] : [[path.join('.'), quoted(text)]];
  });
  return `${JSON.stringify(Object.fromEntries(described), undefined, 2)}\n`;
}

/** In a message, braces stand for values. */
const quoted = (text: string): string => text.replaceAll(/[{}]/g, (brace) => `'${brace}'`);

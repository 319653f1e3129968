import errors from './en/errors.json' with { type: 'json' };
import passages from './en/passages.json' with { type: 'json' };

const files = { errors, passages };

/**
 * The English messages by their codes. They are part of the program, because a process without the folder, such as one behind a
 * wall, also writes English into its log.
 */
export const english: ReadonlyMap<string, string> = new Map(
  Object.entries(files).flatMap(([file, messages]) =>
    Object.entries(messages).map(([key, text]) => [`${file}/${key}`, text] as const),
  ),
);

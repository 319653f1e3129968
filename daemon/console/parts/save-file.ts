/** Lets the browser save a value as a file of JSON. */
export function saveJson(value: unknown, name: string): void {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  saveFile(new Blob([text], { type: 'application/json' }), name);
}

/** Lets the browser save what the page has made. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the address after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

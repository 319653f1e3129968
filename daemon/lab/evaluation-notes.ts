/** Says on standard error how far an evaluation has come. Silent where its result is for a program. */
export function evaluationNotes({ json }: { readonly json?: boolean | undefined }): (text: string) => void {
  return (text) => {
    if (json !== true) process.stderr.write(`${text}\n`);
  };
}

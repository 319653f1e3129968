import { signal } from '@preact/signals';

/** Present while the user is asked to prove again who they are; parts/step-up-dialog.tsx asks. */
export const proofWanted = signal<{ readonly answer: (isProved: boolean) => void } | undefined>(undefined);

let asked: Promise<boolean> | undefined;

/** Asks the user for a fresh proof of identity. Calls that need one at the same time share the question. */
export function askForProof(): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    proofWanted.value = {
      answer: (isProved) => {
        proofWanted.value = undefined;
        asked = undefined;
        resolve(isProved);
      },
    };
  });
  return asked;
}

import { useEffect } from 'preact/hooks';

/** Lets the browser ask before the tab is closed or loaded anew, while that would lose something. */
export function useLeaveWarning(isLossy: boolean): void {
  useEffect(() => {
    if (!isLossy) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    globalThis.addEventListener('beforeunload', warn);
    return () => globalThis.removeEventListener('beforeunload', warn);
  }, [isLossy]);
}

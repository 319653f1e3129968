import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Whether the page can be seen: not while its tab is in the background. */
export function useVisible(): boolean {
  const isVisible = useSignal(!document.hidden);
  useEffect(() => {
    const look = (): void => {
      isVisible.value = !document.hidden;
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return isVisible.value;
}

/**
 * For a click on the link from a page to the list that it belongs to: goes back in the history of the tab to where the user left
 * the list, if they came from there. Otherwise, the link leads to the list.
 */
export function goBackTo(path: string, event: MouseEvent): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  // Browsers without the Navigation API follow the link.
  const navigation: Navigation | undefined = globalThis.navigation;
  const entries = navigation?.entries().slice(0, navigation.currentEntry?.index) ?? [];
  const left = entries.findLast(({ url }) => url !== null && new URL(url).pathname === path);
  if (left === undefined) return;
  event.preventDefault();
  // The router would follow the link all the same.
  event.stopPropagation();
  navigation?.traverseTo(left.key);
}

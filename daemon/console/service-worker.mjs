// Shows alerts as notifications while no page of the console is open (docs/reference/alerts.md). It hears no requests of the pages
// and keeps nothing: no file, no answer of the API, no alert.

self.addEventListener('push', (event) => {
  const { id, subject, text } = event.data.json();
  event.waitUntil(
    self.registration.showNotification(subject, {
      // A subject is often the whole text.
      ...(text !== subject && { body: text }),
      // An alert that comes twice shows once.
      ...{ tag: id, data: id, icon: '/icon-192.png', badge: '/badge-96.png' },
    }),
  );
});

// Opens the alert in a page of its own, where it can be acknowledged: a page that is open may hold a draft.
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(`/alerts?alert=${encodeURIComponent(event.notification.data)}`));
});
